// What a person is told when a cluster is up.
import path from 'node:path';

export interface Welcome {
  readonly status: string;
  readonly gatewayUrl: string;
  readonly operatorFile: string;
}

export const welcome = ({ status, gatewayUrl, operatorFile }: Welcome): string => `
${status}
    chat here      open ${gatewayUrl} in a browser; any gateway will do
    chat there     npm run chat -- --user alice --url ${gatewayUrl.replace('http', 'ws')}     (and bob at another gateway)
    look again     npm run cluster -- status
    look deeper    . ${path.relative('.', operatorFile)} && nats stream ls     (docs/operators.md)

  Ctrl-C takes it down.

`;
