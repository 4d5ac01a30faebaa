#!lua
-- Note a shard that is about to be written for the first time. KEYS[1] all shards, KEYS[2] the mark of a move, KEYS[3]
-- what says that a store is being copied here; ARGV[1] the shard's name, ARGV[2] 1 = for the copy itself.
-- Answers 1, or 0 when it was noted before, or {'moved', mark} where no shard may begin.
if ARGV[2] ~= '1' then
  local mark = redis.call('GET', KEYS[2]) or (redis.call('EXISTS', KEYS[3]) == 1 and '')
  if mark then return {'moved', mark} end
end
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], redis.call('ZCARD', KEYS[1]), ARGV[1])
return 1
