-- One row for each row that is not there. To be asked only when all tables are.
SELECT 'query ' || wanted AS missing
FROM unnest(ARRAY[
    'InsertMembershipVersionKey', 'InsertMembershipKey', 'UpdateMembershipKey', 'UpdateIAmAlivetimeKey',
    'MembershipReadAllKey', 'MembershipReadRowKey', 'GatewaysQueryKey', 'DeleteMembershipTableEntriesKey',
    'CleanupDefunctSiloEntriesKey', 'ReadFromStorageKey', 'WriteToStorageKey', 'ClearStorageKey',
    'DeleteStorageKey']) AS wanted
WHERE NOT EXISTS (SELECT FROM OrleansQuery WHERE QueryKey = wanted)
UNION ALL
SELECT 'schema version 1'
WHERE NOT EXISTS (SELECT FROM siberite_schema WHERE version >= 1)
ORDER BY missing
