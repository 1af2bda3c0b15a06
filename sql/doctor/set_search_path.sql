-- Definitions are then shown with the schema of everything they name, whatever the login's search path.
SELECT set_config('search_path', '', TRUE) AS search_path
