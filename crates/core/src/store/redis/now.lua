#!lua flags=no-writes
-- The time of the server that has the meta key, in seconds and microseconds.
return redis.call('TIME')
