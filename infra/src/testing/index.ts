// For the tests of other packages: real servers on loopback.
export { credentialsOf, startTestCluster, startTestServer, type TestServer } from '../nats/test-servers.ts';
export { startTestValkey, type TestValkey } from '../redis/test-servers.ts';
