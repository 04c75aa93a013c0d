// One client of a cluster and all that may be asked of it: pages of rows, batches, schema changes. Prepared and
// idempotent every one, and no more of them in flight than the cluster takes without queueing.
import { Client, type types } from 'cassandra-driver';
import { Semaphore } from '../runtime/semaphore.ts';
import { clientOptions, READ_MODELS, SCHEMA, type ClusterOptions } from './client-options.ts';
import type { Row } from './cells.ts';
import { translated } from './store-errors.ts';

export type Cell = string | number | boolean | null | types.Long;

export interface Statement {
  readonly cql: string;
  readonly cells: readonly Cell[];
}

const requestsInFlightMax = 128;
const rowsPerPageMax = 500;

export class Session implements AsyncDisposable {
  readonly #client: Client;
  readonly #places = new Semaphore(requestsInFlightMax);

  private constructor(client: Client) {
    this.#client = client;
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
    return new Session(client);
  }

  /** Every row: pages follow one another until there is none. */
  async read({ cql, cells }: Statement): Promise<readonly Row[]> {
    const rows: Row[] = [];
    let pageState: string | undefined;
    do {
      const options = { ...READ_OPTIONS, ...(pageState === undefined ? {} : { pageState }) };
      const page = await this.#ask(() => this.#client.execute(cql, [...cells], options));
      rows.push(...page.rows);
      pageState = page.pageState ?? undefined;
    } while (pageState !== undefined);
    return rows;
  }

  /** One mutation: the statements are of one partition. */
  async write(statements: readonly Statement[]): Promise<void> {
    const [first] = statements;
    if (first === undefined) return;
    if (statements.length === 1) {
      await this.#ask(() => this.#client.execute(first.cql, [...first.cells], WRITE_OPTIONS));
      return;
    }
    const queries = statements.map(({ cql, cells }) => ({ query: cql, params: [...cells] }));
    await this.#ask(() => this.#client.batch(queries, { ...WRITE_OPTIONS, logged: false }));
  }

  /** Resolves when all nodes know; the statement can be repeated. */
  async change(cql: string): Promise<void> {
    const options = { executionProfile: SCHEMA, isIdempotent: true };
    await this.#ask(() => this.#client.execute(cql, [], options));
  }

  async #ask<T>(request: () => Promise<T>): Promise<T> {
    using _place = await this.#places.acquire();
    try {
      return await request();
    } catch (error) {
      throw translated(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.shutdown();
  }
}

const WRITE_OPTIONS = { executionProfile: READ_MODELS, prepare: true, isIdempotent: true };
const READ_OPTIONS = { ...WRITE_OPTIONS, fetchSize: rowsPerPageMax };
