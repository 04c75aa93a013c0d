// What a person is told when it is ready: where it is, how to get a token, how to chat.

export const welcome = (url: string, dataDir: string): string => `
  Parley is ready: ${url}

    chat here      open ${url} in a browser
    chat there     npm run chat -- --user alice     (and, in another terminal, --user bob)
    a token        curl -X POST ${url}/v1/dev/tokens -H 'content-type: application/json' -d '{"user_id":"alice"}'
    the API        ${url}/docs

  Ctrl-C stops it. Everything said is kept in ${dataDir}/log.

`;
