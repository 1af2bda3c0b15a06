-- The jobs of the community write nothing of an app, unless WRITE_BACK has it: then what the app shows itself, through
-- a function that only an adapter has (docs/connecting.md). It goes with the adapter.

DROP FUNCTION IF EXISTS community.write_back_members(community.member_figures[]);
