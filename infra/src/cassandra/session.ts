// One client of a cluster and all that may be asked of it: pages of rows, batches, schema changes. Prepared and
// idempotent every one, and no more of them in flight than the cluster takes without queueing.
import { setTimeout as sleep } from 'node:timers/promises';
import { Semaphore, StoreUnavailable } from '@parley/projections';
import { Client } from 'cassandra-driver';
import {
  ANY_COPY,
  clientOptions,
  READ_MODELS,
  SCHEMA,
  type ClusterOptions,
  type CqlObserver,
} from './client-options.ts';
import type { Cell, Row } from './cells.ts';
import { routingKey } from './routing-key.ts';
import { translated } from './store-errors.ts';

export interface Statement {
  readonly cql: string;
  readonly cells: readonly Cell[];
}

const requestsInFlightMax = 128;
/** About ten seconds' worth; who comes then is told at once. */
const requestsWaitingMax = 50_000;
const rowsPerPageMax = 500;
const agreementMsMax = 30_000;
const agreementPollMs = 20;

/** All copies that make a quorum, or whichever answers. */
export type Copies = 'quorum' | 'any';

export class Session implements AsyncDisposable {
  readonly #client: Client;
  #keyspace = '';
  readonly #places = new Semaphore(requestsInFlightMax);

  readonly #answered: CqlObserver | undefined;

  private constructor(client: Client, answered: CqlObserver | undefined) {
    this.#client = client;
    this.#answered = answered;
  }

  /** Rejects with StoreUnavailable when no contact point answers. */
  static async open(options: ClusterOptions): Promise<Session> {
    const client = new Client(clientOptions(options));
    try {
      await client.connect();
    } catch (error) {
      await client.shutdown();
      throw translated(error);
    }
    return new Session(client, options.answered);
  }

  /** Every row: pages follow one another until there is none. The statement says its limit, or its partition is small. */
  async read(statement: Statement, copies: Copies = 'quorum'): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for await (const page of this.pages(statement, copies)) rows.push(...page);
    return rows;
  }

  /** The same, no more than a page of them at once. */
  async *pages({ cql, cells }: Statement, copies: Copies = 'quorum'): AsyncIterable<readonly Row[]> {
    let pageState: string | undefined;
    do {
      const options = { ...READ_OPTIONS[copies], ...(pageState === undefined ? {} : { pageState }) };
      const page = await this.#ask('read', () => this.#client.execute(cql, [...cells], options));
      yield page.rows;
      pageState = page.pageState ?? undefined;
    } while (pageState !== undefined);
  }

  /** The nodes that have the partition of this key: the same text for the same nodes, a text of its own where that is not known. */
  nodesOf(key: readonly Cell[]): string {
    const nodes = this.#client.getReplicas(this.#keyspace, routingKey(key)) ?? [];
    return nodes.length === 0
      ? key.join(' ')
      : nodes
          .map(({ address }) => address)
          .toSorted()
          .join(' ');
  }

  /** One request: the statements are of one partition, or of several on the same nodes. */
  async write(statements: readonly Statement[]): Promise<void> {
    const [first] = statements;
    if (first === undefined) return;
    if (statements.length === 1) {
      await this.#ask('write', () => this.#client.execute(first.cql, [...first.cells], WRITE_OPTIONS));
      return;
    }
    const queries = statements.map(({ cql, cells }) => ({ query: cql, params: [...cells] }));
    await this.#ask('write', () => this.#client.batch(queries, { ...WRITE_OPTIONS, logged: false }));
  }

  /** Resolves when all nodes know; the statement can be repeated. */
  async change(cql: string): Promise<void> {
    const options = { executionProfile: SCHEMA, isIdempotent: true };
    await this.#ask('schema', () => this.#client.execute(cql, [], options));
    await this.agreement();
  }

  /**
   * Resolves when all nodes that are up have one schema, whoever changed it: one that does not know a table yet would refuse
   * what is asked of it.
   */
  async agreement(): Promise<void> {
    const deadline = performance.now() + agreementMsMax;
    while (!(await this.#ask('schema', () => this.#isAgreed()))) {
      if (performance.now() > deadline) throw new StoreUnavailable('cassandra: its nodes do not agree on a schema');
      await sleep(agreementPollMs);
    }
  }

  async #isAgreed(): Promise<boolean> {
    const up = this.#client.hosts.values().filter((host) => host.isUp());
    const cql = 'SELECT schema_version FROM system.local';
    const asked = up.map((host) => this.#client.execute(cql, [], { ...AGREEMENT_OPTIONS, host }));
    const versions = (await Promise.allSettled(asked)).flatMap(
      (told) => (told.status === 'fulfilled' ? [String(told.value.rows[0]?.get('schema_version'))] : []), // it is as good as down
    );
    return new Set(versions).size === 1;
  }

  /** As far as the driver knows. */
  nodes(): readonly { readonly address: string; readonly isUp: boolean; readonly version: string }[] {
    const hosts = this.#client.hosts.values();
    return hosts.map((host) => ({ address: host.address, isUp: host.isUp(), version: host.cassandraVersion }));
  }

  /** From here on statements about this keyspace go to nodes that have their rows. */
  async learn(keyspace: string): Promise<void> {
    await this.#ask('schema', () => this.#client.metadata.refreshKeyspace(keyspace));
    this.#keyspace = keyspace;
  }

  async #ask<T>(kind: Parameters<CqlObserver>[0], request: () => Promise<T>): Promise<T> {
    if (this.#places.waiting >= requestsWaitingMax) throw new StoreUnavailable('cassandra: too many requests wait');
    using _place = await this.#places.acquire();
    const askedMs = performance.now();
    const answered = (isAnswered: boolean) => this.#answered?.(kind, performance.now() - askedMs, isAnswered);
    try {
      const answer = await request();
      answered(true);
      return answer;
    } catch (error) {
      answered(false);
      throw translated(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.shutdown();
  }
}

// Each node is asked for what it alone knows.
const AGREEMENT_OPTIONS = { executionProfile: ANY_COPY, isIdempotent: false };
const WRITE_OPTIONS = { executionProfile: READ_MODELS, prepare: true, isIdempotent: true };
const READ_OPTIONS = {
  quorum: { ...WRITE_OPTIONS, fetchSize: rowsPerPageMax },
  any: { ...WRITE_OPTIONS, fetchSize: rowsPerPageMax, executionProfile: ANY_COPY },
};
