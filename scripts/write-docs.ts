// Writes the pages of docs/, and the dashboards, that come from tables in the code: npm run docs. Tests fail when a page differs from its table.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configurationPage, configurationPagePath } from '@parley/infra/config';
import { eventsPage, eventsPagePath, permissionsPage, permissionsPagePath } from '@parley/infra/nats';
import { grafanaFiles, metricsPage, metricsPagePath } from '@parley/infra/observability';
import { referencePages } from '@parley/protocol';
import { pagesWithCode } from './included-code.ts';

const root = path.join(import.meta.dirname, '..');
const pages = new Map([
  ...referencePages(),
  ...grafanaFiles(),
  ...pagesWithCode(),
  [configurationPagePath, configurationPage()],
  [eventsPagePath, eventsPage()],
  [metricsPagePath, metricsPage()],
  [permissionsPagePath, permissionsPage()],
]);

for (const [page, text] of pages) {
  mkdirSync(path.dirname(path.join(root, page)), { recursive: true });
  writeFileSync(path.join(root, page), text);
  console.log(page);
}
