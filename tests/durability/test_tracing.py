"""The reader of traces, on lines as strace writes them: it must not see a sync where there was none in time."""

from __future__ import annotations

from tests.durability.tracing import calls, syncs_between

READ = '7 10:00:00.1 recvfrom(34<socket:[5]>, "POST /v1/acme/choices"..., 8192, 0, NULL, NULL) = 242'
SYNC = "6 10:00:00.2 fdatasync(17</data/consent.db-wal>) = 0"
WRITTEN = '7 10:00:00.3 writev(34<socket:[5]>, [{iov_base="HTTP/1.1 201 Created"..., iov_len=322}], 1) = 322'


def syncs(*lines: str) -> list[int]:
    return syncs_between(calls(lines), "POST /v1/acme/choices", "HTTP/1.1 201", "consent.db-wal").each


def test_a_sync_between_request_and_answer_counts() -> None:
    assert syncs(READ, SYNC, WRITTEN) == [1]


def test_a_sync_before_the_request_or_after_the_answer_does_not_count() -> None:
    assert syncs(SYNC, READ, WRITTEN, SYNC) == [0]


def test_a_sync_of_another_file_or_one_that_failed_does_not_count() -> None:
    failed = "6 10:00:00.2 fdatasync(17</data/consent.db-wal>) = -1 EIO (Input/output error)"
    assert syncs(READ, SYNC.replace("-wal", ""), failed, WRITTEN) == [0]


def test_a_sync_that_began_before_the_request_or_ended_after_the_answer_does_not_count() -> None:
    begun = "6 10:00:00.0 fdatasync(17</data/consent.db-wal> <unfinished ...>"
    resumed = "6 10:00:00.4 <... fdatasync resumed>) = 0"
    assert syncs(begun, READ, resumed, WRITTEN) == [0]
    assert syncs(READ, begun, WRITTEN, resumed) == [0]
    assert syncs(READ, begun, resumed, WRITTEN) == [1]


def test_requests_of_several_connections_are_told_apart() -> None:
    other_read, other_written = (line.replace("[5]", "[6]") for line in (READ, WRITTEN))
    assert syncs(READ, SYNC, other_read, WRITTEN, other_written) == [1, 0]
