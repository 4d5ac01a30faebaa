"""The error tree. No HTTP lives here: `web/problems.py` alone turns these into answers.

An error is raised where the fault is known. Its message says what was wrong, where, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass


class ConsentError(Exception):
    """Root of everything this service raises on purpose."""


# --- configuration -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in the configuration: dotted key ("" = the file as a whole), 1-based line (0 = not in the
    file), sentence.
    """

    key: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        key = f"{self.key}: " if self.key else ""
        return f"{place}{key}{self.message}"


class ConfigError(ConsentError):
    """The configuration can't be used; `faults` names every reason, not just the first."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class KeyRingInvalid(ConsentError):
    """The key ring can't be used; the message never quotes it."""


class KeyRingForeign(ConsentError):
    """The key ring is not the one that the store was written under; the message never quotes either."""


class CannotStart(ConsentError):
    """Something on this machine keeps a program from starting; the message says what, and what to do."""


# --- what a site embeds ------------------------------------------------------------------------


class InspectionFailed(ConsentError):
    """A page could not be looked at; the message says why, and what to do."""


class ScriptOutdated(ConsentError):
    """A script that a site serves itself is not the one that this version makes of this configuration."""


class ImportRefused(ConsentError):
    """An export can't be imported as asked; the message never quotes it."""


class RecipeLoops(ConsentError):
    """A web server set up like this would lead to itself."""


# --- identity ----------------------------------------------------------------------------------


class IdentityError(ConsentError):
    """A presented identity can't be honoured. Never the default, never somebody else: denied."""


class TokenForged(IdentityError):
    """The signature or the seal does not hold, or the text is not a token at all."""


class TokenExpired(IdentityError):
    """Authentic, but too old (or from a clock ahead of ours)."""


class KeyUnknown(IdentityError):
    """Signed under a key number that the ring does not hold."""


class KeyRetired(IdentityError):
    """Signed under a key that was retired too long ago to verify."""


# --- what a caller asked -----------------------------------------------------------------------


class RequestError(ConsentError):
    """The caller asked for something that can't be done as asked."""


class InvalidBody(RequestError):
    """The body is not what the contract says; the message names the member."""


class BodyTooLarge(RequestError):
    """The body is longer than the contract allows."""


class UnknownSite(RequestError):
    """No site has this key."""


class UnknownReceipt(RequestError):
    """No entry has this receipt."""


class OriginNotAllowed(RequestError):
    """A browser call from an origin that is not the site's (or a write without an origin)."""


class NotPressed(OriginNotAllowed):
    """A form that opts in, sent otherwise than by a press in a page of ours. `unsaid`: the browser does not say."""

    def __init__(self, message: str, *, unsaid: bool = False) -> None:
        super().__init__(message)
        self.unsaid = unsaid


class FetchedAhead(RequestError):
    """A page on which somebody decides, asked for before anybody looks at it."""


class IdempotencyKeyReused(RequestError):
    """The same `id` came before with a different body."""


class ConfirmationInvalid(RequestError):
    """The second step's nonce is forged, expired, used, or saw another standing."""


class ParentalConsentRequired(RequestError):
    """Under the regime's parental age only a parent's consent counts (Civ. Code 1798.120(c))."""


class TooManyRequests(RequestError):
    """Over the limit; `retry_after` is in whole seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


# --- the store ---------------------------------------------------------------------------------


class StoreError(ConsentError):
    """The store could not do it. `permanent` says whether trying again can help."""

    permanent = False


class Conflict(StoreError):
    """A named document no longer has the version that was read; nothing was written."""


class StoreBusy(StoreError):
    """The bounded queue is full; nothing was written."""


class StoreTimeout(StoreError):
    """No answer in time; a commit may or may not have happened, so a retry must be idempotent."""


class StoreUnavailable(StoreError):
    """The store can't be reached or answered with an I/O error."""


class StoreLocked(StoreUnavailable):
    """Another program holds the file's lock."""


class StoreFull(StoreUnavailable):
    """No space left where the store writes."""


class StoreReadOnly(StoreUnavailable):
    """The file or its folder can't be written."""

    permanent = True


class StoreCorrupt(StoreUnavailable):
    """The file is not a database of ours, or is damaged."""

    permanent = True


class StoreNewer(StoreUnavailable):
    """The file was written by a newer version of this service."""

    permanent = True


class StoreMismatch(StoreUnavailable):
    """The store was made for another number of shards."""

    permanent = True


class StoreMoved(StoreUnavailable):
    """The store was moved elsewhere: it takes nothing more and vouches for nothing."""

    permanent = True


class StoreOnNetworkMount(StoreUnavailable):
    """The file lies on a network file system, where locks and fsync can't be relied on."""

    permanent = True


class CursorInvalid(StoreError):
    """The cursor is not one of this log's."""

    permanent = True


class CursorExpired(StoreError):
    """The log was trimmed past the cursor; the reader must start again from a snapshot."""

    permanent = True


# --- the ledger --------------------------------------------------------------------------------


class LedgerError(ConsentError):
    """The ledger could not do it."""


class ArchiveUnavailable(LedgerError):
    """The archive can't be reached, or can't keep what it was given."""


class ObjectUnfit(ArchiveUnavailable):
    """An object of the archive can't be read: no regular file, reached by a link, or too large."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name!r} in the archive {why}")
        self.why = why


class LedgerForked(LedgerError):
    """The archive holds a head that does not go on from what this store sealed: two services share an archive?"""


class LeaseLost(LedgerError):
    """Another process does this now."""
