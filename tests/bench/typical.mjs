// The other yardstick: the script people write for this job. Fetch all threads, view by view, keep the prospects in a Map,
// send them with HubSpot's own client in chunks of 100 through p-limit, note the ids. No comparing, no recovery.
//   node typical.mjs INBOX HUBSPOT MAP-FILE IN-FLIGHT
import { createRequire } from 'node:module';
import { join } from 'node:path';

// The packages are where the benchmark installed them, which is the folder it runs in.
const require = createRequire(join(process.cwd(), 'package.json'));
const { Client } = require('@hubspot/api-client');
const Database = require('better-sqlite3');
const { default: pLimit } = await import(require.resolve('p-limit'));

const [inbox, hubspot, mapFile, inFlight] = process.argv.slice(2);
const STAGES = {
  New: 'NEW', Contacted: 'ATTEMPTED_TO_CONTACT', Qualified: 'OPEN_DEAL',
  Negotiation: 'IN_PROGRESS', Won: 'CONNECTED', Lost: 'UNQUALIFIED',
};

async function get(path) {
  const answer = await fetch(`${inbox}/api/v1${path}`, { headers: { Authorization: 'Bearer sandbox-token' } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function* threads(view) {
  const query = new URLSearchParams({ limit: '100', 'filters[sortOrder]': 'asc' });
  if (view) query.set('inbox', view);
  for (;;) {
    const page = await get(`/threads?${query}`);
    yield* page.threads;
    if (!page.nextCursor) return;
    query.set('cursorId', page.nextCursor.id);
    query.set('cursorTimestamp', page.nextCursor.timestamp);
  }
}

const names = async (path) => new Map((await get(path)).map((x) => [x.id, x.name]));
const [statuses, tags] = await Promise.all([names('/statuses'), names('/tags')]);

function toInput(key, prospect) {
  const { context } = prospect;
  const [first, ...rest] = (prospect.displayName ?? '').trim().split(/\s+/);
  const all = {
    firstname: first,
    lastname: rest.join(' '),
    twitterhandle: prospect.username,
    inbox_profile_url: prospect.profileUrl,
    inbox_bio: prospect.bio,
    inbox_followers: prospect.followerCount?.toString(),
    hs_lead_status: STAGES[statuses.get(context.statusId)],
    inbox_valuation: context.valuation?.toString(),
    inbox_tags: context.tags.map((tag) => tags.get(tag.id ?? tag)).join(';'),
    inbox_notes: context.notes,
    inbox_prospect_key: key,
  };
  const properties = Object.fromEntries(Object.entries(all).filter(([, value]) => value));
  return { id: key, idProperty: 'inbox_prospect_key', properties };
}

const prospects = new Map();
for (const view of [null, 'default', 'requests', 'archived', 'no-reply'])
  for await (const { prospect } of threads(view))
    if (prospect) prospects.set(`x:${prospect.platformId}`, prospect);

const client = new Client({
  accessToken: 'sandbox-token',
  basePath: hubspot,
  numberOfApiCallRetries: 3,
  limiterOptions: { maxConcurrent: Number(inFlight), minTime: 0 }, // its default of 9 calls a second lifted, like ours
});
const db = new Database(mapFile);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec('CREATE TABLE map(key TEXT PRIMARY KEY, contact TEXT NOT NULL)');
const insert = db.prepare('INSERT OR REPLACE INTO map VALUES(?, ?)');
const note = db.transaction((rows) => {
  for (const row of rows) insert.run(row.properties.inbox_prospect_key, row.id);
});

const inputs = [...prospects].map(([key, prospect]) => toInput(key, prospect));
const limit = pLimit(Number(inFlight));
const chunks = [];
for (let i = 0; i < inputs.length; i += 100) chunks.push(inputs.slice(i, i + 100));
await Promise.all(chunks.map((chunk) => limit(async () => {
  const answer = await client.crm.contacts.batchApi.upsert({ inputs: chunk });
  note(answer.results);
})));
db.close();
console.log(`${inputs.length} contacts`);
