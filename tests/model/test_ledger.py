"""The page-keeper itself: what it forgives, and what it does not."""

import pytest

from ledger import FlagChange, Ledger
from wire import Violation


def a_copy_of_a_copy(original_is_deleted, first_is_heard):
    """Message 1 of box 1 stands in box 2 as 7; who heard of that first copied it back, as 9."""
    ledger = Ledger(("INBOX", "Work"))
    inbox, work = ledger.box(1), ledger.box(2)
    ledger.created(1, 1, "token")
    if original_is_deleted:
        change = FlagChange(ledger.tick(), "add", {"\\deleted"})
        inbox.change([1], change, deletes=True)
        change.end = ledger.tick()
    asked = ledger.tick()
    work.seen(7)
    ledger.copied(work, 7, 1, 9, ledger.tick())
    if first_is_heard:
        ledger.copied(inbox, 1, 2, 7, asked)
    else:
        ledger.abandoned(None, inbox, [1], "Work")
    expunge = [ledger.tick(), ledger.tick(), None]
    inbox.expunges.append(expunge)
    work.expunges.append(expunge)
    ledger.check({1: {}, 2: {}})


@pytest.mark.parametrize("first_is_heard", [True, False])
def test_an_expunge_may_take_a_copy_whose_source_had_deleted_before_anyone_heard_so(first_is_heard):
    a_copy_of_a_copy(original_is_deleted=True, first_is_heard=first_is_heard)


@pytest.mark.parametrize("first_is_heard", [True, False])
def test_an_expunge_may_not_take_a_copy_of_what_nobody_deleted(first_is_heard):
    with pytest.raises(Violation, match="disappeared"):
        a_copy_of_a_copy(original_is_deleted=False, first_is_heard=first_is_heard)


def a_move_of_an_unheard_move(original_is_deleted):
    """Mail nobody has read is moved, unheard, to where somebody reads it and moves it on; it goes there."""
    ledger = Ledger(("INBOX", "Work"))
    inbox, work, other = ledger.box(1), ledger.box(2), ledger.box(3)
    ledger.delivered.add("token")
    inbox.seen(1)
    if original_is_deleted:
        change = FlagChange(ledger.tick(), "add", {"\\deleted"})
        inbox.change([1], change, deletes=True)
        change.end = ledger.tick()
    inbox.moved.add(1)
    ledger.abandoned(None, inbox, [1], "Work")
    work.bind(7, "token")
    work.moved.add(7)
    ledger.copied(work, 7, 3, 5, ledger.tick())
    other.moved.add(5)
    other.expunges.append([ledger.tick(), ledger.tick(), None])
    ledger.check({1: {}, 2: {}, 3: {}})


def test_an_expunge_may_take_what_came_unheard_from_a_message_nobody_read_that_had_deleted():
    a_move_of_an_unheard_move(original_is_deleted=True)


def test_an_expunge_may_not_take_what_came_unheard_from_a_message_nobody_deleted():
    with pytest.raises(Violation, match="is nowhere"):
        a_move_of_an_unheard_move(original_is_deleted=False)
