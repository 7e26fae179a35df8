"""The attacker's side: the grammar of an attack, read me first.

An attack is a sentence: recipe = labels x stages, gone through in cycles, and then an enhancement; a stage of gradient
matching = dummy update x distance x priors x space x optimiser. A closed form is another kind of stage: it solves
equations, and may be followed by a search. Letters: r restarts, n images, d numbers in a code.

    labels        recover(observation) -> (n,) or None        which classes? None: optimise them jointly
    dummy update  (images (r, m, c, h, w), labels (r, m, k)) -> path: an Update (r, ...) an epoch, together what
                  would have been sent; m = copies x n, where an epoch may have images of its own
    distance      (dummy Update (r, ...)) -> (r,)              how far from what was seen?
    priors        (Dummy) -> (r,)                              what else must hold of a good guess?
    space         start(generator) -> (d,), decode(r, d) -> images, project(r, d),   what is searched?
                  encode(images) -> (r, d) or None; codes(code) -> by name, what a later stage may start from
    optimiser     start(code, objective, ...), step(code, state, objective)          how is it searched?
    closed form   invert(observation, labels) -> guesses, each with the layers solved so far
    enhancement   enhance(images, labels, seed) -> images, on their way to being presentable

Every part is its own settings; `bind(observation)` gives the function above. Restarts are the leading axis
everywhere. An attack sees an Observation and nothing else: this room imports neither federation nor evaluation.
"""
