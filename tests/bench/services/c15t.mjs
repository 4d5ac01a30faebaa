// c15t's self-hosted backend over PostgreSQL, as its quickstart and its database guide say: makes its tables, then serves.
import { serve } from "@hono/node-server";
import { c15tInstance } from "@c15t/backend";
import { kyselyAdapter } from "@c15t/backend/db/adapters/kysely";
import { migrator } from "@c15t/backend/db/migrator";
import { DB } from "@c15t/backend/db/schema";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";

const db = new Kysely({
  dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: process.env.DATABASE_URL }) }),
});
const adapter = kyselyAdapter({ db, provider: "postgresql" });
const migration = await migrator({ db: DB.client(adapter), schema: "latest" });
await migration.execute();
const c15t = c15tInstance({
  appName: "bench",
  adapter,
  trustedOrigins: ["http://shop.test"],
  logger: { level: "error" },
});
serve({ fetch: (request) => c15t.handler(request), hostname: "127.0.0.1", port: Number(process.env.PORT) });
