-- The balance of :user_id is what its ledger says.
UPDATE betting.bankrolls AS k SET balance = :balance
WHERE k.user_id = :user_id
