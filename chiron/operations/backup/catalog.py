"""What PostgreSQL's catalog says of a database beside its rows, in an order and in words that no server chooses."""

RELATIONS = """
    SELECT n.nspname, c.relname, c.relkind FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'S')
        AND n.nspname !~ '^(pg_|information_schema$)' ORDER BY 1, 2
"""
CATALOG = {
    "constraints": """
        SELECT n.nspname, r.relname, c.conname, c.contype, c.convalidated,
               ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = r.oid
                     AND attnum = ANY(c.conkey) ORDER BY 1),
               CASE WHEN c.contype NOT IN ('c', 'x') THEN pg_get_constraintdef(c.oid) END
        FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
        WHERE c.contype <> 'n' AND n.nspname !~ '^(pg_|information_schema$)'
    """,
    "indexes": """
        SELECT n.nspname, r.relname, x.relname, i.indisunique, i.indisvalid, i.indpred IS NULL,
               ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = r.oid
                     AND attnum = ANY(i.indkey) ORDER BY 1)
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class r ON r.oid = i.indrelid
        JOIN pg_namespace n ON n.oid = r.relnamespace WHERE n.nspname !~ '^(pg_|information_schema$)'
    """,
    "triggers": """
        SELECT n.nspname, r.relname, t.tgname, t.tgtype, t.tgfoid::regproc::text, t.tgenabled FROM pg_trigger t
        JOIN pg_class r ON r.oid = t.tgrelid JOIN pg_namespace n ON n.oid = r.relnamespace
        WHERE NOT t.tgisinternal AND n.nspname !~ '^(pg_|information_schema$)'
    """,
    "functions": """
        SELECT n.nspname, pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prokind IN ('f', 'p') AND n.nspname !~ '^(pg_|information_schema$)'
    """,
    "columns": """
        SELECT n.nspname, r.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               a.attidentity, a.attgenerated, a.atthasdef
        FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid JOIN pg_namespace n ON n.oid = r.relnamespace
        WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind IN ('r', 'v')
        AND n.nspname !~ '^(pg_|information_schema$)'
    """,
}
"""Without the text of conditions and defaults: PostgreSQL writes them otherwise after it has read them once more. NOT
NULL is said of columns; only newer versions know it as a constraint, too.
"""
RIGHTS = """
    SELECT kind, name, who.rolname, right_.privilege_type FROM (
        SELECT 'schema' AS kind, nspname::text AS name, nspacl AS acl,
            acldefault('n', nspowner) AS usual, nspowner AS own
        FROM pg_namespace n
        WHERE n.nspname !~ '^(pg_|information_schema$)'
        UNION ALL SELECT 'relation', n.nspname || '.' || relname, relacl,
            acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner), relowner
        FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace WHERE relkind IN ('r', 'v', 'S')
        AND n.nspname !~ '^(pg_|information_schema$)'
        UNION ALL SELECT 'function', p.oid::regprocedure::text, proacl, acldefault('f', proowner), proowner
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname !~ '^(pg_|information_schema$)'
    ) things CROSS JOIN LATERAL aclexplode(coalesce(acl, usual)) right_
    LEFT JOIN pg_roles who ON who.oid = right_.grantee WHERE right_.grantee <> own
"""
