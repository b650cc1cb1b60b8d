import threading

import pytest

from latentda.training.prefetch import prefetched


def workers():
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_items_come_in_order_and_the_thread_ends():
    with prefetched(lambda k: k**2, range(20)) as items:
        assert list(items) == [k**2 for k in range(20)]
    assert not workers()


def test_no_more_is_made_than_wanted():
    made = []
    with prefetched(lambda k: made.append(k) or k, range(1000), ahead=2) as items:
        assert next(items) == 0
    # One taken, two in the queue, one in hand.
    assert made == list(range(len(made)))
    assert len(made) <= 4
    assert not workers()


def test_an_error_is_raised_where_its_item_is_asked_for():
    def make(step):
        if step == 2:
            raise OSError("the disk is gone")
        return step

    with prefetched(make, range(5)) as items:
        assert [next(items), next(items)] == [0, 1]
        with pytest.raises(OSError, match="the disk is gone"):
            next(items)
    assert not workers()


def interrupted():
    with prefetched(lambda k: k, range(1000)) as items:
        next(items)
        raise KeyboardInterrupt


def test_an_error_of_the_caller_ends_the_thread():
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not workers()
