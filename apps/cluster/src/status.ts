// What a person sees of a cluster: one line for each process.
import type { Member } from './member.ts';

export async function statusOf(members: readonly Member[]): Promise<string> {
  const rows = await Promise.all(
    members.map(async (member) => [
      member.plan.name,
      member.plan.address,
      String(member.pid ?? '-'),
      member.deaths === 0 ? '' : `${member.deaths}`,
      await member.state(),
    ]),
  );
  return table([['process', 'address', 'pid', 'deaths', 'state'], ...rows]);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}
