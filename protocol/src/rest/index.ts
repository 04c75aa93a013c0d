export * from './conversations.ts';
export * from './messages.ts';
export * from './parse-request.ts';
export * from './route.ts';
export * from './routes.ts';
export * from './system.ts';
