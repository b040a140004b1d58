-- The roles, the database and their rights. A superuser runs this, as often as necessary:
--
--   psql -X -v ON_ERROR_STOP=1 -d postgres -f deploy/roles.sql
--   … -v owner_password=… -v app_password=… -v auth_password=… -v ops_password=…   where the roles log in with passwords
--
-- tuckshop_owner owns the database. It runs the migrations and the commands that change users or mint coins. The
-- workers of each pool log in as tuckshop_app, tuckshop_auth or tuckshop_ops. These roles may connect, and have no
-- other rights than those that the migrations grant one by one.

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['tuckshop_owner', 'tuckshop_app', 'tuckshop_auth', 'tuckshop_ops']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE tuckshop_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE tuckshop_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE tuckshop_auth LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE tuckshop_ops LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;

\if :{?owner_password}
ALTER ROLE tuckshop_owner PASSWORD :'owner_password';
\endif
\if :{?app_password}
ALTER ROLE tuckshop_app PASSWORD :'app_password';
\endif
\if :{?auth_password}
ALTER ROLE tuckshop_auth PASSWORD :'auth_password';
\endif
\if :{?ops_password}
ALTER ROLE tuckshop_ops PASSWORD :'ops_password';
\endif

-- C.UTF-8 orders text by code point, the same on every machine and after every upgrade of the C library, so no index is
-- ever corrupted by a changed collation.
SELECT $$CREATE DATABASE tuckshop OWNER tuckshop_owner TEMPLATE template0
         ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C.UTF-8'$$
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'tuckshop')
\gexec

ALTER DATABASE tuckshop OWNER TO tuckshop_owner;
REVOKE ALL ON DATABASE tuckshop FROM PUBLIC, tuckshop_app, tuckshop_auth, tuckshop_ops;
GRANT CONNECT ON DATABASE tuckshop TO tuckshop_app, tuckshop_auth, tuckshop_ops;

\connect tuckshop

REVOKE ALL ON SCHEMA public FROM PUBLIC, tuckshop_app, tuckshop_auth, tuckshop_ops;
GRANT USAGE ON SCHEMA public TO tuckshop_app, tuckshop_auth, tuckshop_ops;
