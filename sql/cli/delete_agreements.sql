-- What a control before this one had counts no more.
DELETE FROM operations.agreements
