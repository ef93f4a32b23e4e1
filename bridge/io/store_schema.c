/* The shape of the file, step by step: schema n is what the first n steps make. A step that has been released is never
 * edited; a change of shape is a new step. */
#include "bridge/io/store_private.h"

static const char schema_1[] =
    "CREATE TABLE name(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE TABLE meta(name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE secret(name TEXT PRIMARY KEY, sealed TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE cursor(endpoint INTEGER NOT NULL, stream TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY(endpoint, stream))"
    " WITHOUT ROWID;"
    "CREATE TABLE term(endpoint INTEGER NOT NULL, field TEXT NOT NULL, id TEXT NOT NULL, label TEXT NOT NULL, now TEXT,"
    " gone INTEGER NOT NULL, UNIQUE(endpoint, field, id));"

    "CREATE TABLE subject(row INTEGER PRIMARY KEY, endpoint INTEGER NOT NULL, object INTEGER NOT NULL, key TEXT NOT NULL,"
    " id TEXT, label TEXT, fields TEXT, as_of INTEGER NOT NULL, stale INTEGER NOT NULL, scan INTEGER NOT NULL,"
    " missed_at INTEGER NOT NULL, changed TEXT, UNIQUE(endpoint, object, key));"
    "CREATE INDEX subject_id ON subject(endpoint, object, id) WHERE id IS NOT NULL;"
    "CREATE INDEX subject_label ON subject(endpoint, label COLLATE NOCASE) WHERE label IS NOT NULL;"

    "CREATE TABLE link(id INTEGER PRIMARY KEY AUTOINCREMENT, route INTEGER NOT NULL, object INTEGER NOT NULL, key TEXT NOT NULL,"
    " t_type INTEGER NOT NULL, t_id TEXT, state INTEGER NOT NULL, reason TEXT, secondary INTEGER NOT NULL, t_version TEXT,"
    " parent INTEGER NOT NULL, touched INTEGER NOT NULL, cells TEXT, UNIQUE(route, object, key));"
    "CREATE UNIQUE INDEX link_primary ON link(route, t_type, t_id) WHERE secondary = 0 AND t_id IS NOT NULL;"
    "CREATE INDEX link_secondary ON link(route, t_type, t_id) WHERE secondary = 1 AND t_id IS NOT NULL;"
    "CREATE INDEX link_route ON link(route);"
    "CREATE INDEX link_state ON link(route, state);"

    "CREATE TABLE job(id INTEGER PRIMARY KEY AUTOINCREMENT, route INTEGER NOT NULL, object INTEGER NOT NULL, key TEXT NOT NULL,"
    " lane INTEGER NOT NULL, attempts INTEGER NOT NULL, due INTEGER NOT NULL, mark INTEGER NOT NULL, why TEXT,"
    " UNIQUE(route, object, key));"
    "CREATE INDEX job_due ON job(route, lane, due);"
    "CREATE INDEX job_why ON job(route, why);"

    "CREATE TABLE op(id INTEGER PRIMARY KEY AUTOINCREMENT, link INTEGER NOT NULL, route INTEGER NOT NULL, side INTEGER NOT NULL,"
    " kind TEXT NOT NULL, trace TEXT NOT NULL UNIQUE, payload TEXT, state INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " created INTEGER NOT NULL, run INTEGER NOT NULL, error TEXT, revive TEXT);"
    "CREATE INDEX op_link ON op(link);"
    "CREATE INDEX op_state ON op(route, state);"

    "CREATE TABLE hold(id INTEGER PRIMARY KEY AUTOINCREMENT, link INTEGER NOT NULL, route INTEGER NOT NULL, field TEXT,"
    " why TEXT, about TEXT, opened INTEGER NOT NULL, choice TEXT, value TEXT);"
    "CREATE UNIQUE INDEX hold_cell ON hold(link, ifnull(field, ''));"
    "CREATE INDEX hold_route ON hold(route);"

    "CREATE TABLE run(id INTEGER PRIMARY KEY AUTOINCREMENT, route INTEGER NOT NULL, kind TEXT NOT NULL, started INTEGER NOT NULL,"
    " ended INTEGER, counts TEXT);"
    "CREATE TABLE log(seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, run INTEGER NOT NULL, link INTEGER NOT NULL,"
    " event TEXT NOT NULL, cells TEXT);"
    "CREATE INDEX log_link ON log(link);"
    "CREATE TRIGGER log_is_kept BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the change log is append only'); END;"
    "CREATE TRIGGER log_is_fixed BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the change log is append only'); END;";

/* Rows of the log go only in a transaction that says so by a row in `permit`: when a person is forgotten, when the old is
 * pruned. Who was forgotten is known by a keyed digest alone. */
static const char schema_2[] =
    "CREATE TABLE permit(why TEXT NOT NULL);"
    "DROP TRIGGER log_is_kept;"
    "CREATE TRIGGER log_is_kept BEFORE DELETE ON log WHEN NOT EXISTS (SELECT 1 FROM permit)"
    " BEGIN SELECT RAISE(ABORT, 'the change log is append only'); END;"
    "CREATE INDEX log_run ON log(run);"
    "CREATE TABLE forgotten(mac TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;";

/* Deliveries of webhooks that were answered with a 2xx and are not yet jobs. */
static const char schema_3[] =
    "CREATE TABLE delivery(id INTEGER PRIMARY KEY, endpoint INTEGER NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX delivery_endpoint ON delivery(endpoint, id);";

/* Bulk jobs, and which of them an op rides in. */
static const char schema_4[] =
    "CREATE TABLE bulk(id INTEGER PRIMARY KEY AUTOINCREMENT, route INTEGER NOT NULL, object INTEGER NOT NULL, ticket TEXT,"
    " due INTEGER NOT NULL, attempts INTEGER NOT NULL, rows INTEGER NOT NULL);"
    "CREATE INDEX bulk_route ON bulk(route, due);"
    "ALTER TABLE op ADD COLUMN bulk INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX op_bulk ON op(bulk, id) WHERE bulk <> 0;";

/* Bulk jobs that read: what a comparison was told of the CRM's records, link by link, until it is through. And since when a
 * record has been behind what is known of it. */
static const char schema_5[] =
    "ALTER TABLE link ADD COLUMN behind INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE bulk ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE bulk ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE bulk ADD COLUMN over INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE bulk ADD COLUMN error TEXT;"
    "CREATE TABLE seen(link INTEGER PRIMARY KEY, bulk INTEGER NOT NULL, record TEXT NOT NULL);";

const char *const store_steps[] = {schema_1, schema_2, schema_3, schema_4, schema_5};
const int store_n_steps = COUNT(store_steps);

/* ---- whose file is it ---- */

static bool refuse_newer(struct store *st, int64_t schema, int newest, struct err *err)
{
    return err_set(err, ERR_STORE,
                   "%s was written by a newer inbox-bridge (schema %lld, this program knows %d): upgrade the program or restore "
                   "a backup",
                   st->path, (long long)schema, newest);
}

bool store_identify(struct store *st, int newest, int *schema, struct err *err)
{
    int64_t application = 0, version = 0, things = 0;
    if (!sql_int(st, "PRAGMA application_id", NO_ARGS, &application, err) ||
        !sql_int(st, "PRAGMA user_version", NO_ARGS, &version, err) ||
        !sql_int(st, "SELECT count(*) FROM sqlite_schema", NO_ARGS, &things, err))
        return false;
    bool blank = !application && !version && !things; /* a new file, or one the power left before its first row */
    if (!blank && application != STORE_APPLICATION)
        return err_set(err, ERR_STORE, "%s belongs to another program: give the store a path of its own", st->path);
    if (version > newest)
        return refuse_newer(st, version, newest, err);
    *schema = (int)version;
    return true;
}

/* ---- forward, one transaction a step ---- */

static bool step(struct store *st, int to, const char *sql, struct err *err)
{
    AUTO_FREE char *mark = mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION, to);
    STORE_TX(tx, st);
    if (!store_begin(st, err))
        return false;
    st->doing = "make the tables";
    st->reshaped = true;
    return sql_script(st, sql, err) && sql_script(st, mark, err) && store_commit(st, err);
}

bool store_migrate(struct store *st, int from, const char *const *steps, int n_steps, struct err *err)
{
    for (int i = from; i < n_steps; i++)
        if (!step(st, i + 1, steps[i], err))
            return err_wrap(err, "from schema %d to %d", i, i + 1);
    return true;
}
