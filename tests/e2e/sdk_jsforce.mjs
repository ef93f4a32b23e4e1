// jsforce against the sandbox: what it sends must be understood, and what it is told must be what it expects.
import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { advance, assert, calls, control, edit, end, refused, require, step, url } from './sdk_steps.mjs';
const { Connection, OAuth2 } = require('jsforce');

const KEY = 'sdk_key__c', version = '62.0';
const open = (more) => new Connection({ instanceUrl: url, accessToken: 'sandbox-token', version, ...more });
const conn = open();
const made = {};
const lead = (more) => ({ LastName: 'Person', Company: 'Acme', ...more });
const code = (e) => e.errorCode ?? e.name;

function assertion(user) {
  const part = (v) => Buffer.from(typeof v === 'string' ? v : JSON.stringify(v)).toString('base64url');
  const text = `${part({ alg: 'RS256' })}.${part({
    iss: 'sandbox-client', sub: user, aud: 'https://login.salesforce.com', exp: Math.floor(Date.now() / 1000) + 120 })}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(readFileSync(process.argv[3])).toString('base64url')}`;
}
const oauth2 = () => new OAuth2({ loginUrl: url, clientId: 'sandbox-client', clientSecret: 'sandbox-secret' });

await step('client credentials log in', async () => {
  const c = new Connection({ oauth2: oauth2(), version });
  const user = await c.authorize({ grant_type: 'client_credentials' });
  assert.match(user.organizationId, /^00D/);
  assert.equal(c.instanceUrl, url);
  assert.equal((await c.query('SELECT Id FROM Organization')).totalSize, 1);
});
await step('a signed assertion logs in', async () => {
  const c = new Connection({ oauth2: oauth2(), version });
  await c.authorize({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: assertion('integration@sandbox.example') });
  assert.equal((await c.query('SELECT Id FROM Organization')).totalSize, 1);
});
await step('an assertion for nobody is refused in words', async () => {
  const c = new Connection({ oauth2: oauth2(), version });
  const e = await refused(() => c.authorize({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: assertion('nobody@sandbox.example') }));
  assert.equal(code(e), 'invalid_grant');
});
await step('a refresh token is good for a session that ended', async () => {
  const c = new Connection({ oauth2: oauth2(), instanceUrl: url, accessToken: 'long gone', refreshToken: 'sandbox-refresh', version });
  let told = 0;
  c.on('refresh', () => told++);
  assert.equal((await c.query('SELECT Id FROM Organization')).totalSize, 1);
  assert.equal(told, 1);
});
await step('the user behind the session is told', async () => {
  const c = new Connection({ oauth2: oauth2(), version });
  await c.authorize({ grant_type: 'client_credentials' });
  assert.equal((await c.identity()).organization_id, c.userInfo.organizationId);
});

await step('versions and objects are listed', async () => {
  assert.ok((await conn.request('/services/data/')).some((v) => v.version === '62.0'));
  assert.ok((await conn.describeGlobal()).sobjects.some((o) => o.name === 'Lead' && o.replicateable));
});
await step('an object is described', async () => {
  const d = await conn.sobject('Lead').describe();
  const field = (name) => d.fields.find((f) => f.name === name);
  assert.equal(field('LastName').nillable, false);
  assert.equal(field('Status').type, 'picklist');
  assert.ok(field('Status').picklistValues.some((v) => v.defaultValue));
  assert.equal(d.keyPrefix, '00Q');
});
await step('an External ID is made by the Tooling API', async () => {
  await control('POST', 'manners', { fields_visible: true });
  const done = await conn.tooling.sobject('CustomField').create({ FullName: `Lead.${KEY}`, Metadata: {
    type: 'Text', label: 'SDK key', length: 64, externalId: true, unique: true, caseSensitive: false } });
  assert.equal(done.success, true);
  const f = (await conn.sobject('Lead').describe()).fields.find((one) => one.name === KEY);
  assert.ok(f.externalId && f.unique && f.idLookup);
});

await step('one record is made, read, changed and deleted', async () => {
  const leads = conn.sobject('Lead');
  const one = await leads.create(lead({ FirstName: 'Ada', City: 'London' }));
  assert.match(one.id, /^00Q.{15}$/);
  assert.equal((await leads.retrieve(one.id)).City, 'London');
  assert.equal((await leads.update({ Id: one.id, City: 'Bath' })).success, true);
  assert.equal((await leads.retrieve(one.id, { fields: ['City'] })).City, 'Bath');
  assert.equal((await leads.destroy(one.id)).success, true);
  assert.equal(code(await refused(() => leads.retrieve(one.id))), 'NOT_FOUND');
});
await step('a new record has what the organisation gives it', async () => {
  const one = await conn.sobject('Lead').create(lead());
  const back = await conn.sobject('Lead').retrieve(one.id);
  assert.equal(back.Status, 'Open - Not Contacted');
  assert.equal(back.CreatedDate, back.SystemModstamp);
});
await step('collections make, read, change and delete', async () => {
  const leads = conn.sobject('Lead');
  const done = await leads.create(Array.from({ length: 150 }, (_, i) => lead({ LastName: `L${i}`, City: 'Many' })), { allowRecursive: true });
  assert.ok(done.length === 150 && done.every((r) => r.success));
  made.many = done.map((r) => r.id);
  const read = await leads.retrieve(made.many.slice(0, 5), { fields: ['Id', 'LastName'] });
  assert.deepEqual(read.map((r) => r.LastName), ['L0', 'L1', 'L2', 'L3', 'L4']);
  const changed = await leads.update(made.many.slice(0, 5).map((Id) => ({ Id, City: 'Few' })));
  assert.ok(changed.every((r) => r.success));
  const gone = await leads.destroy(made.many.slice(0, 2));
  assert.ok(gone.every((r) => r.success));
});
await step('each row of a collection has its own fate', async () => {
  const done = await conn.sobject('Lead').create([lead(), { FirstName: 'Nobody' }]);
  assert.equal(done[0].success, true);
  assert.equal(done[1].success, false);
  assert.equal(done[1].errors[0].statusCode, 'REQUIRED_FIELD_MISSING');
  assert.deepEqual([...done[1].errors[0].fields].sort(), ['Company', 'LastName']);
});
await step('all or none is none', async () => {
  const done = await conn.sobject('Lead').create([lead({ City: 'Nowhere' }), { FirstName: 'Nobody' }], { allOrNone: true });
  assert.ok(done.every((r) => !r.success));
  assert.equal((await conn.query("SELECT Id FROM Lead WHERE City = 'Nowhere'")).totalSize, 0);
});

await step('an upsert by External ID makes one and finds it', async () => {
  const leads = conn.sobject('Lead');
  const one = await leads.upsert(lead({ [KEY]: 'x-1' }), KEY), two = await leads.upsert(lead({ [KEY]: 'x-1', City: 'Oslo' }), KEY);
  assert.equal(one.created, true);
  assert.equal(two.created, false);
  assert.equal(two.id, one.id);
  made.key = one.id;
});
await step('upserts by External ID in a collection', async () => {
  const rows = await conn.sobject('Lead').upsert([lead({ [KEY]: 'x-1' }), lead({ [KEY]: 'x-2' }), { [KEY]: 'x-3' }], KEY);
  assert.deepEqual(rows.map((r) => r.success), [true, true, false]);
  assert.deepEqual([rows[0].created, rows[1].created], [false, true]);
});
await step('a create with a key that is taken is refused and names the record', async () => {
  const [row] = await conn.sobject('Lead').create([lead({ [KEY]: 'x-1' })]);
  assert.equal(row.errors[0].statusCode, 'DUPLICATE_VALUE');
  assert.match(row.errors[0].message, new RegExp(`${KEY} duplicates value on record with id: ${made.key.slice(0, 15)}`));
});

await step('a query is answered in pages that lead on', async () => {
  await conn.sobject('Lead').create(Array.from({ length: 200 }, (_, i) => lead({ City: 'Paged', LastName: `P${i}` })));
  await conn.sobject('Lead').create(Array.from({ length: 200 }, (_, i) => lead({ City: 'Paged', LastName: `Q${i}` })));
  await control('POST', 'manners', { page_size: 200 });
  const page = await conn.query("SELECT Id, LastName FROM Lead WHERE City = 'Paged' ORDER BY Id", { autoFetch: false });
  assert.equal(page.totalSize, 400);
  assert.equal(page.done, false);
  const next = await conn.queryMore(page.nextRecordsUrl);
  assert.equal(page.records.length + next.records.length, 400);
  assert.equal(next.done, true);
});
await step('a query that is followed to its end', async () => {
  const all = await conn.query("SELECT Id FROM Lead WHERE City = 'Paged'", { autoFetch: true, maxFetch: 1000 });
  assert.equal(all.records.length, 400);
  await control('POST', 'manners', { page_size: 2000 });
});
await step('conditions, order and counts', async () => {
  const found = await conn.sobject('Lead').find({ City: 'Paged', LastName: { $like: 'P1%' } }, ['Id', 'LastName']).sort({ LastName: -1 }).limit(3);
  assert.deepEqual(found.map((r) => r.LastName), ['P199', 'P198', 'P197']);
  assert.equal(await conn.sobject('Lead').count({ City: 'Paged' }), 400);
});
await step('deleted rows are in queries over everything', async () => {
  const all = await conn.query(`SELECT Id, IsDeleted FROM Lead WHERE Id = '${made.many[0]}'`, { scanAll: true });
  assert.equal(all.records[0].IsDeleted, true);
  assert.equal((await conn.query(`SELECT Id FROM Lead WHERE Id = '${made.many[0]}'`)).totalSize, 0);
});

await step('what was changed and deleted is told for a window', async () => {
  const now = Date.now(), from = new Date(now - 10 * 60000), until = new Date(now + 5 * 60000);
  await advance(2 * 60000);
  const changed = await conn.sobject('Lead').updated(from, until);
  assert.ok(changed.ids.includes(made.many[5]));
  assert.ok(changed.latestDateCovered);
  const gone = await conn.sobject('Lead').deleted(from, until);
  assert.ok(gone.deletedRecords.some((r) => r.id === made.many[0]));
  assert.ok(gone.earliestDateAvailable);
});

await step('a bulk job loads, and tells each row', async () => {
  const rows = [...Array.from({ length: 50 }, (_, i) => lead({ LastName: `B${i}`, City: 'Bulk', [KEY]: `b-${i}` })), { LastName: '', Company: '', City: 'Bulk', [KEY]: 'b-x' }];
  const done = await conn.bulk2.loadAndWaitForResults({ object: 'Lead', operation: 'upsert', externalIdFieldName: KEY, input: rows, pollInterval: 200, pollTimeout: 15000 });
  assert.equal(done.successfulResults.length, 50);
  assert.equal(done.failedResults.length, 1);
  assert.match(done.failedResults[0].sf__Error, /^REQUIRED_FIELD_MISSING:/);
  assert.equal(done.successfulResults[0].sf__Created, 'true');
});
await step('a bulk job is made, filled and closed by hand', async () => {
  const job = conn.bulk2.createJob({ object: 'Lead', operation: 'update' });
  const { records } = await conn.query("SELECT Id FROM Lead WHERE City = 'Bulk' LIMIT 3");
  await job.open();
  await job.uploadData(records.map(({ Id }) => ({ Id, Title: 'Bulked' })));
  await job.close();
  await job.poll(200, 15000);
  const info = await job.check();
  assert.equal(info.state, 'JobComplete');
  assert.equal(info.numberRecordsProcessed, 3);
  assert.equal((await job.getAllResults()).successfulResults.length, 3);
  await job.delete();
});
await step('a bulk query gives everything', async () => {
  const stream = await conn.bulk2.query("SELECT Id, LastName FROM Lead WHERE City = 'Bulk'", { pollInterval: 200, pollTimeout: 15000 });
  assert.equal((await stream.toArray()).length, 50);
});

await step('composite requests are done in one', async () => {
  const answer = await conn.request({ method: 'POST', url: `/services/data/v${version}/composite`, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({
    allOrNone: true, compositeRequest: [
      { method: 'POST', url: `/services/data/v${version}/sobjects/Lead`, referenceId: 'a', body: lead({ City: 'Composite' }) },
      { method: 'GET', url: `/services/data/v${version}/sobjects/Lead/@{a.id}?fields=City`, referenceId: 'b' }] }) });
  assert.equal(answer.compositeResponse[1].body.City, 'Composite');
});
await step('limits are told', async () => {
  assert.ok((await conn.limits()).DailyApiRequests.Remaining > 0);
  assert.ok(conn.limitInfo.apiUsage.used > 0);
});
await step('a task belongs to its lead', async () => {
  const task = await conn.sobject('Task').create({ Subject: 'Call', WhoId: made.many[5], Status: 'Completed' });
  assert.equal((await conn.sobject('Task').retrieve(task.id)).IsClosed, true);
});

await step('a query nobody understands', async () => {
  assert.equal(code(await refused(() => conn.query('SELECT FROM Lead'))), 'MALFORMED_QUERY');
});
await step('a field nobody knows', async () => {
  assert.equal(code(await refused(() => conn.query('SELECT Nope FROM Lead'))), 'INVALID_FIELD');
  assert.equal(code(await refused(() => conn.sobject('Lead').create(lead({ Nope: 1 })))), 'INVALID_FIELD');
});
await step('an object nobody knows', async () => {
  assert.equal(code(await refused(() => conn.query('SELECT Id FROM Nope'))), 'INVALID_TYPE');
  assert.equal(code(await refused(() => conn.sobject('Nope').describe())), 'NOT_FOUND');
});
await step('what is missing is named', async () => {
  const e = await refused(() => conn.sobject('Lead').create({ FirstName: 'Nobody' }));
  assert.equal(code(e), 'REQUIRED_FIELD_MISSING');
  assert.match(e.message, /LastName/);
});
await step('a value the list does not have', async () => {
  assert.equal(code(await refused(() => conn.sobject('Lead').create(lead({ Status: 'Nonsense' })))), 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST');
});
await step('a text too long', async () => {
  assert.equal(code(await refused(() => conn.sobject('Lead').create(lead({ FirstName: 'x'.repeat(41) })))), 'STRING_TOO_LONG');
});
await step('a record that is gone cannot be changed', async () => {
  assert.equal(code(await refused(() => conn.sobject('Lead').update({ Id: made.many[0], City: 'X' }))), 'ENTITY_IS_DELETED');
});
await step('a converted lead is read-only and names its contact', async () => {
  await edit({ object: 'Lead', id: made.many[6], convert: {} });
  assert.match((await conn.sobject('Lead').retrieve(made.many[6])).ConvertedContactId, /^003/);
  assert.equal(code(await refused(() => conn.sobject('Lead').update({ Id: made.many[6], City: 'X' }))), 'CANNOT_UPDATE_CONVERTED_LEAD');
});
await step('a duplicate rule objects, and is told to look away', async () => {
  await control('POST', 'manners', { duplicate_rule: 'alert' });
  await conn.sobject('Lead').create(lead({ LastName: 'Twin', Email: 'twin@sdk.example' }));
  assert.equal(code(await refused(() => conn.sobject('Lead').create(lead({ LastName: 'Twin', Email: 'twin@sdk.example' })))), 'DUPLICATES_DETECTED');
  const headers = { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' };
  assert.equal((await conn.sobject('Lead').create(lead({ LastName: 'Twin', Email: 'twin@sdk.example' }), { headers })).success, true);
  await control('POST', 'manners', { duplicate_rule: 'off' });
});
await step('the day\'s calls may be used up', async () => {
  await control('POST', 'manners', { daily: 1 });
  assert.equal(code(await refused(() => conn.query('SELECT Id FROM Organization'))), 'REQUEST_LIMIT_EXCEEDED');
  await control('POST', 'manners', { daily: 100000 });
});
await step('a session nobody knows', async () => {
  assert.equal(code(await refused(() => open({ accessToken: 'nobody' }).query('SELECT Id FROM Organization'))), 'INVALID_SESSION_ID');
});
await step('a sick server is asked again', async () => {
  const { total } = await calls();
  await control('POST', 'faults', { match: { path: '/services/data' }, do: 'status', status: 503, times: 1 });
  assert.equal((await conn.query('SELECT Id FROM Organization')).totalSize, 1);
  assert.ok((await calls()).total > total);
  await control('DELETE', 'faults');
});
end('jsforce');
