-- The document's five checks in plain SQL, as a tool would do that opens the database and asks it.
-- Each line of the answer counts what is wrong; all are 0 on a sound chain. No hash is proved.

SELECT 'missing_tables', 3 - count(*) FROM sqlite_master
WHERE type = 'table' AND name IN ('blocks', 'transactions', 'validators');

SELECT 'discontinuities', count(*) FROM blocks b LEFT JOIN blocks p ON p.hash = b.previous_hash
WHERE (p.hash IS NULL OR p.height <> b.height - 1 OR p.network_type <> b.network_type)
  AND NOT (b.previous_hash = '0000000000000000000000000000000000000000000000000000000000000000'
           AND b.height = (SELECT min(f.height) FROM blocks f WHERE f.network_type = b.network_type));

SELECT 'duplicate_blocks',
  (SELECT count(*) FROM (SELECT 1 FROM blocks GROUP BY height, network_type HAVING count(*) > 1)) +
  (SELECT count(*) FROM (SELECT 1 FROM blocks GROUP BY hash HAVING count(*) > 1));

SELECT 'orphaned_transactions', count(*) FROM transactions t LEFT JOIN blocks b ON b.hash = t.block_hash
WHERE b.hash IS NULL AND (t.block_hash IS NOT NULL OR t.is_pending IS NOT 1);

SELECT 'invalid_validators',
  (SELECT count(*) FROM validators
   WHERE stake IS NULL OR stake < 0 OR (upper(status) = 'ACTIVE' AND stake < 1)
      OR upper(status) NOT IN ('ACTIVE', 'INACTIVE', 'JAILED', 'TOMBSTONED', 'UNSTAKING')
      OR (upper(status) = 'TOMBSTONED' AND is_active = 1)) +
  (SELECT count(*) FROM unstake_requests u LEFT JOIN validators v
     ON v.address = u.validator_address AND v.network_type = u.network_type
   WHERE v.address IS NULL
      OR (upper(v.status) = 'ACTIVE' AND u.status IN ('pending', 'processing')));
