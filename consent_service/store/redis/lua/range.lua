#!lua flags=no-writes
-- Members of an index between two scores, starting behind one that may be gone by now.
-- KEYS[1] the index. ARGV[1], ARGV[2] lowest and highest score; ARGV[3] the most members; ARGV[4] 1 = downwards;
-- ARGV[5], ARGV[6] score and member to start behind, if any. Answers {member, score, ...} in rising order.
local index, most, downwards = KEYS[1], tonumber(ARGV[3]), ARGV[4] == '1'

local function is_behind(one, other)  -- by bytes; Lua's own comparison follows the server's locale
  for at = 1, math.min(#one, #other) do
    local left, right = string.byte(one, at), string.byte(other, at)
    if left ~= right then return left > right end
  end
  return #one > #other
end

local from = redis.call('ZCOUNT', index, '-inf', '(' .. ARGV[1])
local to = redis.call('ZCOUNT', index, '-inf', ARGV[2])
if #ARGV == 6 then
  -- Among those of the same score: how many are not behind the member (upwards), or before it (downwards)?
  local low = redis.call('ZCOUNT', index, '-inf', '(' .. ARGV[5])
  local high = redis.call('ZCOUNT', index, '-inf', ARGV[5])
  while low < high do
    local middle = math.floor((low + high) / 2)
    local found = redis.call('ZRANGE', index, middle, middle)[1]
    local stays = is_behind(found, ARGV[6]) or (downwards and found == ARGV[6])
    if stays then high = middle else low = middle + 1 end
  end
  if downwards then to = math.min(to, low) else from = math.max(from, low) end
end
if downwards then from = math.max(from, to - most) else to = math.min(to, from + most) end
if from >= to then return {} end
return redis.call('ZRANGE', index, from, to - 1, 'WITHSCORES')
