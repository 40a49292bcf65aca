"""What holds numbers becomes the same tensor, however it holds them; what does not is said in one line."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch

from neural_odes.errors import UserError
from neural_odes.pipeline.tensors import Argument, check_generator

X = Argument("x", "points")
ROWS = [[1, 2], [3, 4], [5, 6]]
EXPECTED = torch.tensor(ROWS)
WIDE = np.ma.masked_array([[1, 2, 7], [3, 4, 7], [5, 6, 7]], mask=[[False, False, True]] * 3)


@pytest.mark.parametrize(
    "value",
    [
        ROWS,
        tuple(map(tuple, ROWS)),
        [np.array(row) for row in ROWS],
        [pd.Series(row) for row in ROWS],
        [torch.tensor(row) for row in ROWS],
        [[Fraction(number) for number in row] for row in ROWS],
        np.array(ROWS, np.uint8),
        np.array(ROWS, np.uint16),
        np.array(ROWS, np.int64),
        np.array(ROWS, np.float16),
        np.array(ROWS, ">f4"),
        np.array(ROWS, np.longdouble),
        np.array(ROWS, object),
        np.asfortranarray(np.array(ROWS, np.float64)),
        np.array([row[::-1] for row in ROWS[::-1]])[::-1, ::-1],
        np.repeat(np.array(ROWS), 2, axis=0)[::2],
        np.broadcast_to(np.array([ROWS]), (1, 3, 2))[0],
        np.array(ROWS).view(np.matrix),
        np.ma.masked_array(ROWS),
        WIDE[:, :2],
        pd.DataFrame(ROWS, columns=["x", "y"]),
        pd.DataFrame(ROWS, dtype="Float64"),
        pd.DataFrame(ROWS, dtype="Int64"),
        torch.tensor(ROWS, dtype=torch.bfloat16),
        torch.tensor(ROWS, dtype=torch.uint16),
        torch.tensor(ROWS).T.contiguous().T,
        torch.nn.Parameter(torch.tensor(ROWS, dtype=torch.float32)),
    ],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'dtype', '')}",
)
def test_whatever_holds_the_numbers(value):
    found = X.tensor(value)
    assert found.shape == (3, 2) and torch.equal(found.detach().double(), EXPECTED.double())


def test_types_stay_and_so_does_memory_that_may_not_be_written():
    image = np.zeros((2, 2), np.uint8)
    image.flags.writeable = False
    found = X.tensor(image)
    assert found.dtype == torch.uint8
    found += 1
    assert not image.any()


def test_a_number_alone_and_none_at_all():
    assert X.tensor(3.5).shape == X.tensor(np.int32(3)).shape == X.tensor(torch.tensor(3)).shape == ()
    assert X.tensor([]).shape == (0,) and X.tensor(np.zeros((0, 2))).shape == (0, 2)
    assert X.tensor(pd.DataFrame(columns=["x", "y"])).shape == (0, 2)
    assert torch.equal(X.tensor(range(3)), torch.arange(3))


def test_gradients_are_kept():
    x = torch.ones(3, 2, requires_grad=True)
    assert X.tensor(x) is x
    X.tensor([x[0], x[1]]).sum().backward()
    assert torch.equal(x.grad, torch.tensor([[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]]))


class Odd:
    def __array__(self, *arguments, **options):
        raise KeyError("lost")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "NoneType"),
        ("1.0", "str"),
        ({"x": 1.0}, "dict"),
        ((number for number in (1, 2)), "generator"),
        (["1.0", "2.0"], r"list of <U3"),
        ([1.0, None], "list of object"),
        ([1.0, pd.NA], "list of object"),
        (np.array([1.0, "2.0"], object), "ndarray of object"),
        (pd.DataFrame({"x": [1.0], "y": ["a"]}), "DataFrame of object"),
        (pd.DataFrame({"x": [1.0, pd.NA], "y": [1.0, 2.0]}, dtype="Float64"), "DataFrame of object|NaN"),
        ([[1.0, 2.0], [3.0]], "list with rows of different lengths"),
        ([torch.zeros(2), torch.zeros(3)], "tensors that do not go together"),
        (np.array([True]), "ndarray of bool"),
        (np.array([1j]), "ndarray of complex128"),
        (np.array(["2020-01-01"], "datetime64[D]"), r"ndarray of datetime64\[D\]"),
        (np.ma.masked_array([1.0, 2.0], mask=[False, True]), "1 masked values among 2"),
        ([np.ma.masked_array([1.0, 2.0], mask=[False, True]), np.ma.masked_array([1.0, 2.0])], "1 masked values among 4"),
        (torch.tensor([True]), "a strided tensor of bool"),
        (torch.tensor([1j]), "a strided tensor of complex"),
        (torch.eye(2).to_sparse(), "a sparse_coo tensor of float32"),
        ([10**400], r"list \(.*too large"),
        (Odd(), r"Odd \(.*lost"),
    ],
)
def test_what_holds_no_numbers_is_one_line(value, found):
    with pytest.raises(UserError, match=rf"^x: expected points; found ({found})") as raised:
        X.finite(X.tensor(value))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        (torch.tensor([1.0, float("nan"), float("inf")]).double(), r"NaN or infinity \(as float64\) in 2 of 3 values"),
        (torch.tensor([1e39]).float(), r"NaN or infinity \(as float32\) in 1 of 1 values"),
        (torch.tensor(float("nan")), r"NaN or infinity \(as float32\) in place of a number"),
    ],
)
def test_values_that_are_not_finite(numbers, found):
    with pytest.raises(UserError, match=f"^x: expected points; found {found}$"):
        X.finite(numbers)


def test_which_are_masked():
    numbers, masked = X.masked(WIDE)
    assert numbers.shape == (3, 3) and masked.sum(0).tolist() == [0, 0, 3]
    numbers, masked = X.masked([np.ma.masked_array([1.0, 2.0], mask=[False, True]), np.array([3.0, 4.0])])
    assert masked.tolist() == [[False, True], [False, False]]
    assert not X.masked(torch.zeros(3))[1].any()


def test_generators():
    cpu = torch.device("cpu")
    check_generator("generator", None, cpu)
    check_generator("generator", torch.Generator(), cpu)
    for value in (0, np.random.default_rng(0)):
        with pytest.raises(UserError, match=r"^generator: expected None or a torch\.Generator on .* device, cpu; found "):
            check_generator("generator", value, cpu)
    with pytest.raises(UserError, match=r"device, cuda:1; found one on cpu$"):
        check_generator("generator", torch.Generator(), torch.device("cuda:1"))
