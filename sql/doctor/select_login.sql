-- Who looks, and what this server understands.
SELECT
    current_user::text AS login,
    current_setting('server_version_num')::integer AS server_version
