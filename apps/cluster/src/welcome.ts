// What a person is told when a cluster is up.

export const welcome = (status: string, gatewayUrl: string): string => `
${status}
    chat here      open ${gatewayUrl} in a browser; any gateway will do
    chat there     npm run chat -- --user alice --url ${gatewayUrl.replace('http', 'ws')}     (and bob at another gateway)
    look again     npm run cluster -- status

  Ctrl-C takes it down.

`;
