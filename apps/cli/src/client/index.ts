// A chat client without a screen: connection, cursors, resume, retries. Grows into `sdk/`.
export { ChatClient, type ChatClientOptions } from './chat-client.ts';
export type { ChatEvents } from './chat-events.ts';
export type { ConnectionStatus } from './connection.ts';
export { placeOf, type UnknownConversations } from './cursors.ts';
export type { Entry } from './entry.ts';
export { OutboxFull, outboxMessagesMax } from './outbox.ts';
export type { Outgoing, OutgoingState, Target } from './outgoing.ts';
export { BadAnswer, createRest, devToken, RestProblem, type NewGroup, type PageRequest, type Rest } from './rest.ts';
export { openWebSocket, socketRequest, type OpenSocket, type SessionName, type Socket } from './socket.ts';
