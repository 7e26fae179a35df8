"""The poll: a voice for each visitor, counted by answer, taken back, cleared, and never without end."""

from leaklab.ui.poll import Poll


def test_votes_are_counted_by_answer_withdrawn_and_cleared_by_lesson():
    poll = Poll()
    poll.vote((1, 1), "anna", "A")
    poll.vote((1, 1), "anna", "B")
    poll.vote((1, 1), "ben", "B")
    poll.vote((2, 1), "anna", "C")
    assert poll.counts((1, 1)) == {"B": 2} and poll.counts((1, 9)) == {}
    poll.withdraw((1, 1), "ben")
    poll.withdraw((1, 1), "somebody")
    assert poll.counts((1, 1)) == {"B": 1}
    poll.clear(1)
    assert poll.counts((1, 1)) == {} and poll.counts((2, 1)) == {"C": 1}


def test_the_oldest_votes_go_when_there_are_too_many():
    poll = Poll()
    for voter in range(501):
        poll.vote((1, 1), str(voter), "A" if voter else "B")
    assert poll.counts((1, 1)) == {"A": 500}
