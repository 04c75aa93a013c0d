// What a person is told when it is ready: where it is, how to get a token, how to chat.

const usualPort = 8080;

export interface Welcome {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
}

export function welcome({ url, port, dataDir }: Welcome): string {
  const elsewhere = port === usualPort ? '' : ` --url ${url.replace('http', 'ws')}`;
  return `
  Parley is ready: ${url}

    chat here      open ${url} in a browser
    chat there     npm run chat -- --user alice${elsewhere}     (and, in another terminal, --user bob)
    a token        curl -s ${url}/v1/dev/tokens -H 'content-type: application/json' -d '{"user_id":"alice"}'
    the API        ${url}/docs

  Ctrl-C stops it. Everything said is kept in ${dataDir}/log.

`;
}
