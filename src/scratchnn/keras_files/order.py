"""The order in which Keras runs the calls of a graph, for models in which it can be told from the results."""

from collections.abc import Sequence

from ..spec import NodeSpec, TensorRef, tensor_refs

Key = tuple[str, int]


def keras_order(calls: Sequence[NodeSpec], outputs: Sequence[TensorRef]) -> tuple[NodeSpec, ...]:
    """The calls by their distance from the outputs, the farthest first.

    A call of MultiHeadAttention takes the masks off the tensors that it is given (docs/findings.md), so that what
    comes behind it in this order finds none there.

    Source: https://github.com/keras-team/keras/blob/v3.15.0/keras/src/ops/function.py (map_graph)

    Args:
        calls: in an order in which they can run; those that no output needs stay behind the others.
        outputs: of the model.
    """
    by_key = {(call.layer, call.index): call for call in calls}
    needs = {key: [ref[:2] for ref in _refs(call) if ref[:2] in by_key] for key, call in by_key.items()}
    depths, layer_depths = dict[Key, int](), dict[str, int]()
    for key in reversed(_postorder(needs, [ref[:2] for ref in outputs if ref[:2] in by_key])):
        # All calls of a layer are as far away as its farthest, among those that were looked at before.
        depth = max(depths.setdefault(key, 0), layer_depths.get(key[0], 0))
        depths[key] = layer_depths[key[0]] = depth
        for needed in needs[key]:
            depths[needed] = max(depth + 1, depths.get(needed, 0))
    order = sorted(depths, key=lambda key: -depths[key])
    order += [key for key in by_key if key not in depths]
    places = {key: place for place, key in enumerate(order)}
    if any(places[needed] > places[key] for key in order for needed in needs[key]):
        return tuple(calls)
    return tuple(by_key[key] for key in order)


def _refs(call: NodeSpec) -> list[TensorRef]:
    named = [call.kwargs[key] for key in sorted(call.kwargs)]
    return [*tensor_refs(call.args), *tensor_refs(named)]


def _postorder(needs: dict[Key, list[Key]], ends: Sequence[Key]) -> list[Key]:
    """Depth first from the outputs: each call behind what it needs."""
    seen, order = set[Key](), list[Key]()
    for end in ends:
        stack = [(end, iter(needs[end]))] if end not in seen else []
        seen.add(end)
        while stack:
            key, rest = stack[-1]
            following = next((needed for needed in rest if needed not in seen), None)
            if following is None:
                order.append(key)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(needs[following])))
    return order
