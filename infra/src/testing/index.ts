// For other packages' tests: servers of their own.
export { startTestValkey, type TestValkey } from '../redis/test-servers.ts';
