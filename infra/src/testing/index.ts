// For the tests of other packages: real servers on loopback.
export { credentialsOf, startTestCluster, startTestServer, type TestServer } from '../nats/test-servers.ts';
/** What a test may change before a process begins, to make another build of it. */
export { EVENT_TYPES, UPCASTERS, VALIDATORS } from '../nats/event-types.ts';
export { startTestValkey, type TestValkey } from '../redis/test-servers.ts';
