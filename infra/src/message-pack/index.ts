export { exactDecoder } from './decode.ts';
