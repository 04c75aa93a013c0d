// Loaded before a process's own modules (`--import`), makes it one of the next build, in which `message.sent` has a second version that
// may say a language. The tables are changed as that build's source would be.
import { EVENT_TYPES, UPCASTERS, VALIDATORS } from '@parley/infra/testing';
import Type from 'typebox';
import { Compile } from 'typebox/compile';

const row = EVENT_TYPES['message.sent'];
const schema = Type.Intersect([row.schema, Type.Object({ language: Type.Optional(Type.String()) })]);
Object.assign(row, { version: 2, schema });

const validators = VALIDATORS as Map<string, ReturnType<typeof Compile>>;
validators.set('message.sent.v2', Compile(schema));
validators.delete('message.sent.v1');

const upcasters = UPCASTERS as Map<string, (data: unknown) => unknown>;
upcasters.set('message.sent.v1', (data) => ({ ...(data as object), language: 'und' }));
