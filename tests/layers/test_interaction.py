"""Messages are what the formula says; steered norms and sets keep what they promise."""

import pytest
import torch

from fredholm.layers import Interaction, SetEncoder, SteeredNorm, Told, interaction, set_encoder

silu = torch.nn.functional.silu


@pytest.fixture
def graph():
    """Seven edges from four senders to three receivers of two graphs; receiver 2 hears nobody."""
    torch.manual_seed(0)
    pairs = torch.tensor([[0, 1, 2, 3, 0, 1, 2], [0, 0, 0, 1, 1, 1, 1]])
    parts = [torch.randn(n, 4, dtype=torch.float64) for n in (7, 4, 3)]
    told = Told(
        torch.tensor([0, 0, 1]),
        torch.randn(2, 5, dtype=torch.float64),
        torch.randn(2, 2, dtype=torch.float64),
    )
    return pairs, parts, told


def test_messages_follow_the_formula_edge_by_edge(graph):
    pairs, (edges, senders, receivers), told = graph
    layer = Interaction(4, token=5, numbers=2).double()
    weights = torch.rand(7, dtype=torch.float64)
    found_edges, found = layer(edges, senders, receivers, pairs, told, weights=weights)
    for i in range(3):
        total, mean = 0.0, torch.zeros(4, dtype=torch.float64)
        for number, (j, k) in enumerate(pairs.T.tolist()):
            if k != i:
                continue
            hidden = layer.of_edge(edges[number]) + layer.of_sender(senders[j])
            message = layer.message(silu(hidden + layer.of_receiver(receivers[i])))
            owner = told.owner[i : i + 1]
            message = layer.message_norm(message[None], told.numbers, owner)[0]
            assert torch.allclose(found_edges[number], edges[number] + message, atol=1e-12)
            total, mean = total + weights[number], mean + weights[number] * message
        hidden = layer.of_node(receivers[i]) + layer.of_mean(mean / max(total, 1e-30))
        hidden = silu(hidden + layer.of_token(told.token)[told.owner[i]])
        change = layer.change_norm(layer.change(hidden)[None], told.numbers, told.owner[i : i + 1])
        assert torch.allclose(found[i], receivers[i] + change[0], atol=1e-12)


def test_messages_in_chunks_are_the_same(graph, monkeypatch):
    pairs, parts, told = graph
    layer = Interaction(4, token=5, numbers=2).double()
    with torch.no_grad():
        whole = layer(*parts, pairs, told)
        monkeypatch.setattr(interaction, "_AT_ONCE", 2)
        split = layer(*parts, pairs, told)
    assert all(torch.allclose(a, b, atol=1e-14) for a, b in zip(whole, split))


def test_equal_weights_are_the_plain_mean(graph):
    pairs, parts, told = graph
    layer = Interaction(4, token=5, numbers=2).double()
    weights = torch.full((7,), 0.3, dtype=torch.float64)
    plain, weighted = layer(*parts, pairs, told)[1], layer(*parts, pairs, told, weights=weights)[1]
    assert torch.allclose(plain, weighted, atol=1e-12)
    weights[0] = 3.0
    assert not torch.allclose(plain, layer(*parts, pairs, told, weights=weights)[1], atol=1e-3)


def test_a_norm_is_steered_by_its_graph_and_by_nothing_where_numbers_are_zero():
    torch.manual_seed(0)
    norm, x = SteeredNorm(4, 2).double(), torch.randn(5, 4, dtype=torch.float64)
    owner = torch.tensor([0, 0, 1, 1, 1])
    numbers = torch.tensor([[0.0, 0.0], [2.0, -1.0]], dtype=torch.float64)
    found, plain = norm(x, numbers, owner), norm.norm(x)
    assert torch.equal(found[:2], plain[:2])
    assert (found[2:] - plain[2:]).abs().max() > 1e-3


def test_a_set_has_no_order_and_no_padding(monkeypatch):
    torch.manual_seed(0)
    encoder = SetEncoder(6, layers=2, heads=2).double()
    x = torch.randn(2, 9, 6, dtype=torch.float64)
    mask = torch.arange(9) < torch.tensor([[9], [5]])
    found = encoder(x, mask)
    order = torch.randperm(9)
    assert torch.allclose(encoder(x[:, order], mask[:, order]), found, atol=1e-12)
    changed = torch.where(mask[..., None], x, 100 * torch.ones_like(x))
    assert torch.allclose(encoder(changed, mask), found, atol=1e-12)
    assert torch.allclose(encoder(x[1:, :5], mask[1:, :5]), found[1:], atol=1e-12)
    monkeypatch.setattr(set_encoder, "_AT_ONCE", 2)
    assert torch.allclose(encoder(x, mask), found, atol=1e-12)
    moved = x.clone()
    moved[1, 4, 0] += 0.5
    assert (encoder(moved, mask)[1] - found[1]).abs().max() > 1e-3


def test_heads_divide_the_channels():
    with pytest.raises(ValueError, match="6 channels cannot be shared by 4 heads"):
        SetEncoder(6, heads=4)
