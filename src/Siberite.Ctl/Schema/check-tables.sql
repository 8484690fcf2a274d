-- One row for each table, column and index that is not there, by the system's catalogue alone.
WITH wanted (name, columns) AS (VALUES
    ('orleansquery', 'querykey,querytext'),
    ('orleansmembershipversiontable', 'deploymentid,timestamp,version'),
    ('orleansmembershiptable', 'deploymentid,address,port,generation,siloname,hostname,status,proxyport,suspecttimes,'
        'starttime,iamalivetime'),
    ('orleansstorage', 'grainidhash,grainidn0,grainidn1,graintypehash,graintypestring,grainidextensionstring,serviceid,'
        'payloadbinary,modifiedon,version'),
    ('siberite_schema', 'one,version'))
SELECT 'table ' || name AS missing FROM wanted WHERE to_regclass(name) IS NULL
UNION ALL
SELECT 'column ' || wanted.name || '.' || wanted_column
FROM wanted CROSS JOIN unnest(string_to_array(columns, ',')) AS wanted_column
WHERE to_regclass(wanted.name) IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = to_regclass(wanted.name) AND attname = wanted_column AND attnum > 0 AND NOT attisdropped)
UNION ALL
SELECT 'index siberite_one_state_per_grain'
WHERE to_regclass('orleansstorage') IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_index
    WHERE indexrelid = to_regclass('siberite_one_state_per_grain') AND indrelid = to_regclass('orleansstorage')
        AND indisunique AND indisvalid)
ORDER BY missing
