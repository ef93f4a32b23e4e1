// HubSpot's own client against the sandbox: what it sends must be understood, and what it is told must be what it expects.
import { assert, advance, control, edit, end, refused, require, step, url } from './sdk_steps.mjs';
const { Client, AssociationTypes } = require('@hubspot/api-client');

const open = (more) => new Client({ accessToken: 'sandbox-token', basePath: url, limiterOptions: { minTime: 0 }, ...more });
const client = open();
const { contacts, deals, owners, pipelines, properties, objects, associations } = client.crm;
const made = {};
const contact = (properties) => ({ properties, associations: [] });

await step('a refresh token gives an access token that works', async () => {
  const fresh = new Client({ basePath: url });
  const token = await fresh.oauth.tokensApi.create('refresh_token', undefined, undefined, 'app', 'sandbox-secret', 'sandbox-refresh');
  assert.equal(token.tokenType, 'bearer');
  assert.ok(token.expiresIn > 0);
  assert.ok((await open({ accessToken: token.accessToken }).crm.owners.ownersApi.getPage()).results.length > 0);
});

await step('properties are listed with types and options', async () => {
  const all = await properties.coreApi.getAll('contacts');
  const stage = all.results.find((p) => p.name === 'lifecyclestage');
  assert.equal(stage.type, 'enumeration');
  assert.ok(stage.options.some((o) => o.value === 'lead'));
});
await step('a property group is made', async () => {
  const group = await properties.groupsApi.create('contacts', { name: 'bridge', label: 'Bridge', displayOrder: 1 });
  assert.equal(group.name, 'bridge');
  assert.ok((await properties.groupsApi.getAll('contacts')).results.some((g) => g.name === 'bridge'));
});
await step('a unique property is made and found again', async () => {
  await properties.coreApi.create('contacts', {
    name: 'sdk_key', label: 'Key', type: 'string', fieldType: 'text', groupName: 'bridge', hasUniqueValue: true });
  const one = await properties.coreApi.getByName('contacts', 'sdk_key');
  assert.equal(one.hasUniqueValue, true);
  assert.equal(one.groupName, 'bridge');
});
await step('a property is renamed and archived', async () => {
  await properties.coreApi.create('contacts', { name: 'sdk_old', label: 'Old', type: 'string', fieldType: 'text', groupName: 'bridge' });
  assert.equal((await properties.coreApi.update('contacts', 'sdk_old', { label: 'Older' })).label, 'Older');
  await properties.coreApi.archive('contacts', 'sdk_old');
  const all = await properties.coreApi.getAll('contacts');
  assert.ok(!all.results.some((p) => p.name === 'sdk_old'));
});
await step('properties are made in a batch', async () => {
  const inputs = ['sdk_a', 'sdk_b'].map((name) => ({ name, label: name, type: 'string', fieldType: 'text', groupName: 'bridge' }));
  assert.equal((await properties.batchApi.create('contacts', { inputs })).results.length, 2);
});
await step('a property that exists is refused', async () => {
  const e = await refused(() => properties.coreApi.create('contacts', {
    name: 'sdk_key', label: 'Key', type: 'string', fieldType: 'text', groupName: 'bridge' }));
  assert.equal(e.code, 409);
});

await step('a contact is made, and told with what the account gave it', async () => {
  const one = await contacts.basicApi.create(contact({ email: 'ada@sdk.example', firstname: 'Ada', sdk_key: 'x:1' }));
  made.ada = one.id;
  assert.match(one.id, /^\d+$/);
  assert.equal(one.properties.firstname, 'Ada');
  assert.equal(one.properties.lifecyclestage, 'lead');
  assert.ok(one.createdAt instanceof Date && !Number.isNaN(one.createdAt.getTime()));
  assert.equal(one.archived, false);
});
await step('a contact is read with the properties and the history asked for', async () => {
  const one = await contacts.basicApi.getById(made.ada, ['firstname', 'lastname'], ['firstname']);
  assert.equal(one.properties.firstname, 'Ada');
  assert.equal(one.properties.lastname, null);
  const [past] = one.propertiesWithHistory.firstname;
  assert.equal(past.value, 'Ada');
  assert.ok(past.timestamp instanceof Date);
  assert.equal(past.sourceType, 'INTEGRATION');
});
await step('a contact is read by a unique property', async () => {
  assert.equal((await contacts.basicApi.getById('x:1', ['firstname'], undefined, undefined, false, 'sdk_key')).id, made.ada);
});
await step('a contact is changed', async () => {
  const one = await contacts.basicApi.update(made.ada, { properties: { lastname: 'Lovelace' } });
  assert.equal(one.properties.lastname, 'Lovelace');
  assert.ok(one.updatedAt >= one.createdAt);
});
await step('a contact is changed by its email', async () => {
  const one = await contacts.basicApi.update('ada@sdk.example', { properties: { city: 'London' } }, 'email');
  assert.equal(one.id, made.ada);
});
await step('contacts are made in a batch', async () => {
  const inputs = Array.from({ length: 25 }, (_, i) => contact({ email: `n${i}@sdk.example`, firstname: 'N', lastname: `${i}`, sdk_key: `n:${i}` }));
  const answer = await contacts.batchApi.create({ inputs });
  assert.equal(answer.status, 'COMPLETE');
  assert.equal(answer.results.length, 25);
  made.some = answer.results.map((r) => r.id);
});
await step('an upsert by a unique property finds one and makes one', async () => {
  const answer = await contacts.batchApi.upsert({ inputs: [
    { id: 'x:1', idProperty: 'sdk_key', properties: { jobtitle: 'Countess' }, objectWriteTraceId: 'a' },
    { id: 'x:2', idProperty: 'sdk_key', properties: { firstname: 'Bob' }, objectWriteTraceId: 'b' }] });
  const [old, fresh] = ['a', 'b'].map((t) => answer.results.find((r) => r.objectWriteTraceId === t));
  assert.equal(old.id, made.ada);
  assert.equal(old._new, false);
  assert.equal(fresh._new, true);
  assert.equal(fresh.properties.sdk_key, 'x:2');
  made.bob = fresh.id;
});
await step('contacts are read in a batch by id and by key', async () => {
  const ask = (inputs, more) => contacts.batchApi.read({ inputs, properties: ['firstname'], propertiesWithHistory: [], ...more });
  assert.equal((await ask([{ id: made.ada }, { id: made.bob }])).results.length, 2);
  assert.equal((await ask([{ id: 'x:2' }], { idProperty: 'sdk_key' })).results[0].id, made.bob);
});
await step('what a batch read does not find is told beside what it finds', async () => {
  const answer = await contacts.batchApi.read({ inputs: [{ id: made.ada }, { id: '999999999' }], properties: [], propertiesWithHistory: [] });
  assert.equal(answer.results.length, 1);
  assert.equal(answer.numErrors, 1);
  assert.equal(answer.errors[0].category, 'OBJECT_NOT_FOUND');
});
await step('contacts are changed in a batch', async () => {
  const inputs = made.some.slice(0, 3).map((id) => ({ id, properties: { city: 'Oslo' } }));
  const answer = await contacts.batchApi.update({ inputs });
  assert.ok(answer.results.every((r) => r.properties.city === 'Oslo'));
});
await step('pages lead to the end of the list', async () => {
  let after, n = 0;
  do {
    const page = await contacts.basicApi.getPage(10, after, ['firstname']);
    n += page.results.length;
    after = page.paging?.next?.after;
  } while (after);
  assert.equal(n, 27);
  assert.equal((await contacts.getAll(10)).length, 27);
});

await step('the index of the search lags and then knows', async () => {
  const ask = { filterGroups: [{ filters: [{ propertyName: 'firstname', operator: 'EQ', value: 'N' }] }], properties: ['lastname'], limit: 10, sorts: ['createdate'] };
  await advance(5000);
  const first = await contacts.searchApi.doSearch(ask);
  assert.equal(first.total, 25);
  assert.equal(first.results.length, 10);
  const next = await contacts.searchApi.doSearch({ ...ask, after: first.paging.next.after });
  assert.equal(next.results.length, 10);
  assert.notEqual(next.results[0].id, first.results[0].id);
});
await step('a search by several values, and by words', async () => {
  const search = (filters, more) => contacts.searchApi.doSearch({ filterGroups: [{ filters }], properties: [], limit: 100, ...more });
  assert.equal((await search([{ propertyName: 'lastname', operator: 'IN', values: ['1', '2', 'x'] }])).total, 2);
  assert.equal((await search([{ propertyName: 'jobtitle', operator: 'HAS_PROPERTY' }])).total, 1);
  assert.equal((await contacts.searchApi.doSearch({ query: 'lovelace', properties: [], limit: 5 })).total, 1);
});

await step('pipelines and their stages are told', async () => {
  const all = await pipelines.pipelinesApi.getAll('deals');
  made.pipeline = all.results.find((p) => p.id === 'default');
  assert.ok(made.pipeline.stages.some((s) => s.metadata.isClosed === 'true'));
  assert.equal((await pipelines.pipelineStagesApi.getAll('deals', 'default')).results.length, made.pipeline.stages.length);
});
await step('a pipeline is made, changed and archived', async () => {
  const one = await pipelines.pipelinesApi.create('deals', { label: 'SDK', displayOrder: 3, stages: [
    { label: 'Begun', displayOrder: 0, metadata: { probability: '0.2' } }, { label: 'Done', displayOrder: 1, metadata: { probability: '1.0' } }] });
  assert.equal(one.stages.length, 2);
  assert.equal((await pipelines.pipelinesApi.update('deals', one.id, { label: 'SDK 2' })).label, 'SDK 2');
  await pipelines.pipelinesApi.archive('deals', one.id);
  assert.ok(!(await pipelines.pipelinesApi.getAll('deals')).results.some((p) => p.id === one.id));
});
await step('owners are listed, told one by one, and found by email', async () => {
  const page = await owners.ownersApi.getPage(undefined, undefined, 100, false);
  const one = await owners.ownersApi.getById(Number(page.results[0].id), 'id', false);
  assert.equal(one.email, page.results[0].email);
  assert.equal((await owners.ownersApi.getPage(one.email)).results[0].id, one.id);
  made.owner = one.id;
});
await step('owners who left are told apart', async () => {
  const gone = await owners.ownersApi.getPage(undefined, undefined, 100, true);
  assert.ok(gone.results.length > 0 && gone.results.every((o) => o.archived));
});

const tied = (to, id, type) => ({ to: { id }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: type }] });
await step('a deal is made with its contact', async () => {
  const one = await deals.basicApi.create({
    properties: { dealname: 'Engine', dealstage: made.pipeline.stages[0].id, pipeline: 'default', amount: '1200', hubspot_owner_id: made.owner },
    associations: [tied('contact', made.ada, AssociationTypes.dealToContact)] });
  made.deal = one.id;
  const back = await deals.basicApi.getById(one.id, ['amount'], undefined, ['contacts']);
  assert.equal(back.associations.contacts.results[0].id, made.ada);
  assert.equal(back.properties.amount, '1200');
});
await step('associations are told from the other side', async () => {
  const page = await associations.v4.basicApi.getPage('contacts', made.ada, 'deals');
  assert.equal(String(page.results[0].toObjectId), made.deal);
  assert.ok(page.results[0].associationTypes.some((t) => t.typeId === 4));
});
await step('a default association is made and taken back', async () => {
  await associations.v4.basicApi.createDefault('contacts', made.bob, 'deals', made.deal);
  assert.equal((await associations.v4.basicApi.getPage('deals', made.deal, 'contacts')).results.length, 2);
  await associations.v4.basicApi.archive('contacts', made.bob, 'deals', made.deal);
  assert.equal((await associations.v4.basicApi.getPage('deals', made.deal, 'contacts')).results.length, 1);
});
await step('associations are made and read in a batch', async () => {
  await associations.v4.batchApi.createDefault('contacts', 'deals', { inputs: [{ _from: { id: made.bob }, to: { id: made.deal } }] });
  const answer = await associations.v4.batchApi.getPage('contacts', 'deals', { inputs: [{ id: made.ada }, { id: made.bob }] });
  assert.equal(answer.results.length, 2);
});
await step('a note is made for its contact', async () => {
  const one = await objects.notes.basicApi.create({
    properties: { hs_timestamp: new Date().toISOString(), hs_note_body: 'Hello' },
    associations: [tied('contact', made.ada, AssociationTypes.noteToContact)] });
  assert.equal((await objects.notes.basicApi.getById(one.id, ['hs_note_body'])).properties.hs_note_body, 'Hello');
});

await step('two contacts are merged, and the loser leads to the winner', async () => {
  await contacts.basicApi.merge({ primaryObjectId: made.ada, objectIdToMerge: made.bob });
  const winner = await contacts.basicApi.getById(made.bob, ['firstname']);
  assert.equal(winner.properties.hs_object_id, winner.id);
  made.ada = winner.id;
});
await step('archived contacts are in a list of their own', async () => {
  await contacts.basicApi.archive(made.some[0]);
  await contacts.batchApi.archive({ inputs: made.some.slice(1, 3).map((id) => ({ id })) });
  const page = await contacts.basicApi.getPage(100, undefined, undefined, undefined, undefined, true);
  for (const id of made.some.slice(0, 3)) assert.ok(page.results.some((r) => r.id === id));
  assert.equal((await refused(() => contacts.basicApi.getById(made.some[0]))).code, 404);
});

await step('an email that is taken is a conflict, and names the contact', async () => {
  const e = await refused(() => contacts.basicApi.create(contact({ email: 'n9@sdk.example' })));
  assert.equal(e.code, 409);
  assert.equal(e.body.category, 'CONFLICT');
  assert.match(e.body.message, new RegExp(`Existing ID: ${made.some[9]}`));
});
await step('a property nobody knows is a fault with a name', async () => {
  const e = await refused(() => contacts.basicApi.create(contact({ firstname: 'X', no_such: '1' })));
  assert.equal(e.code, 400);
  assert.equal(e.body.category, 'VALIDATION_ERROR');
  assert.match(JSON.stringify(e.body), /no_such/);
});
await step('an option nobody knows is refused', async () => {
  assert.equal((await refused(() => contacts.basicApi.update(made.ada, { properties: { hs_lead_status: 'NONSENSE' } }))).code, 400);
});
await step('a token nobody knows is refused', async () => {
  const e = await refused(() => open({ accessToken: 'nobody' }).crm.contacts.basicApi.getPage());
  assert.equal(e.code, 401);
});
await step('a hundred and one are too many for a batch', async () => {
  const inputs = Array.from({ length: 101 }, (_, i) => contact({ firstname: `${i}` }));
  assert.equal((await refused(() => contacts.batchApi.create({ inputs }))).code, 400);
});

await step('a 429 is told with its policy', async () => {
  await control('POST', 'faults', { match: { path: '/crm' }, do: 'status', status: 429, times: 1 });
  const e = await refused(() => contacts.basicApi.getById(made.ada));
  assert.equal(e.code, 429);
  assert.equal(e.body.errorType, 'RATE_LIMIT');
  assert.ok(e.body.policyName);
});
await step('a 500 is tried again by a client that was told to', async () => {
  await control('POST', 'faults', { match: { path: '/crm' }, do: 'status', status: 500, times: 1 });
  const one = await open({ numberOfApiCallRetries: 2 }).crm.contacts.basicApi.getById(made.ada);
  assert.equal(one.id, made.ada);
  await control('DELETE', 'faults');
});
await step('what people do is seen', async () => {
  await edit({ object: 'contacts', id: made.ada, set: { city: 'Bath' } });
  assert.equal((await contacts.basicApi.getById(made.ada, ['city'])).properties.city, 'Bath');
});
end('@hubspot/api-client');
