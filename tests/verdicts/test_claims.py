"""The verdicts on what was published, from numbers that were invented."""

import copy
import json
from collections import Counter

import invented_numbers
import pytest
from invented_numbers import DETAILS, METRICS, NETWORK, NUMBERS

from neural_odes.errors import UserError
from neural_odes.summaries.statistics import over_seeds
from neural_odes.verdicts import claims, classification, density, trajectory
from neural_odes.verdicts.ours import CLAIMS, file
from neural_odes.verdicts.published import ENTRIES


def judged(numbers=NUMBERS):
    """Every verdict, by the name of its entry."""
    return {line.name: line for lines in claims.verdicts(numbers.__getitem__).values() for line in lines}


def changed(page, **found):
    return NUMBERS | {page: NUMBERS[page] | found}


def words(found):
    return {name: line.judgement.word for name, line in found.items()}


def test_every_entry_is_answered_and_one_alone_is_not_comparable():
    found = words(judged())
    assert found.keys() == ENTRIES.keys()
    assert [name for name, word in found.items() if word == "not comparable"] == ["report-nll-expected"]
    assert "not measured" not in found.values()


def test_the_student_report_on_its_own_terms():
    found = judged()
    assert words(found)["report-odenet-error"] == words(found)["report-resnet-error"] == "beaten"  # 0.42 beside 1.7 and 1.5
    assert words(found)["report-log-odenet-error"] == "beaten"  # −0.28 points; 1.96 · √(0.065² + 0.083²) = 0.21
    printed, logged = found["report-nll"], found["report-log-nll"]
    assert (printed.judgement.word, printed.entry.value_text, printed.ours_text) == ("beaten", "3.1", "2.3970 ± 0.0025")
    assert printed.floor_text == "2.3944 (exact entropy)" and printed.judgement.reason.startswith("−0.7030 nats, ")
    assert (logged.judgement.word, logged.entry.value_text) == ("reproduced", "2.38 to 2.42")
    assert "best possible value on the data it is said of is 2.3944" in found["report-nll-expected"].judgement.text
    assert words(found)["report-mse-500"] == words(found)["report-mse-2000"] == "beaten"


def test_figure_3c_as_published_and_as_corrected():
    found = judged()  # 26 / 20 = 1.3; by the seminorm 16/20, 16/20, 17/20: 0.817
    assert words(found)["figure-3c"] == words(found)["figure-3c-corrected"] == "not reproduced"
    assert words(found)["figure-3c-corrected-seminorm"] == "reproduced" and found["figure-3c"].ours_text == "1.30 ± 0.00"
    assert found["figure-3c"].entry.value_text == "0.5" and found["figure-3c-corrected"].entry.value_text == "0.78 to 0.86"
    assert "VanniLeonardo" in found["figure-3c-corrected"].source_text and found["figure-3c"].source_text.endswith("Figure 3c")


def test_rows_of_table_1():
    found = words(judged())
    assert found["table-1-odenet-error"] == found["table-1-odenet-error-tight"] == found["table-1-rknet-error"] == "reproduced"
    assert found["table-1-mlp-error"] == found["table-1-mlp-parameters"] == found["table-1-odenet-memory"] == "reproduced"
    heavy = words(judged(changed("table1", mlp=NETWORK | {"parameters": 300_000})))  # 25 % more
    assert heavy["table-1-mlp-parameters"] == "not reproduced"
    loose = NETWORK | {"error_tight_pct": over_seeds([0.70, 0.72, 0.74])}
    unlike = judged(changed("classification", odenet=loose))
    assert words(unlike)["ott-odenet-solver"] == words(unlike)["table-1-odenet-error-tight"] == "not reproduced"
    assert unlike["ott-odenet-solver"].judgement.reason.startswith("the error changes by +0.300 points")


def test_rows_of_table_2_stand_beside_the_oracle():
    found = judged()
    lines = [found[f"table-2-latent-ode-{count}"] for count in (30, 50, 100)]
    assert [line.entry.value for line in lines] == [0.1642, 0.1502, 0.1346]
    assert all(line.judgement.word == "beaten" and line.floor_text == "0.0050 (Bayes oracle)" for line in lines)
    assert [words(found)[f"table-2-rnn-{count}"] for count in (30, 50, 100)] == ["not reproduced"] * 3


def test_memory_is_said_without_rounding_errors():
    found = judged()
    assert found["table-1-odenet-memory"].ours_text == "0" and found["table-1-rknet-memory"].ours_text == "65,442"
    flat = words(judged(changed("memory", resnet={"bytes_per_depth": 500.0})))
    assert flat["table-1-resnet-memory"] == "not reproduced"


def test_a_loss_is_lower_at_a_size_where_the_paired_interval_is_below_zero():
    # CNF − planar: −0.31, −0.30, −0.29; then −0.31, 0.05, −0.05: seeds alone explain it
    assert words(judged())["figure-4-moons-8"] == "reproduced"
    unsure = copy.deepcopy(METRICS["widths"])
    unsure["moons"]["planar"]["8"]["gap_nats"] = over_seeds([0.51, 0.05, 0.35])
    found = judged(NUMBERS | {"widths": unsure})
    assert words(found)["figure-4-moons-8"] == "not reproduced" and words(found)["figure-4-moons-2"] == "reproduced"
    assert "indistinguishable from zero" in found["figure-4-moons-8"].judgement.reason


def test_numbers_of_other_data_or_other_parameters_answer_nothing():
    other = judged(changed("classification", dataset="cifar10"))
    line = other["table-1-odenet-error"]
    assert (line.ours_text, line.floor_text, line.judgement.word) == ("–", "–", "not measured")
    assert line.judgement.reason == "the published number is for dataset mnist, ours for cifar10"
    assert words(other)["table-1-rknet-error"] == words(other)["report-odenet-error"] == "not measured"
    assert words(other)["ott-odenet-solver"] == "reproduced", "which holds for any images"
    noisy = words(judged(changed("trajectory", noise_std=0.1)))
    assert noisy["table-2-latent-ode-30"] == noisy["table-2-rnn-30"] == noisy["report-mse-500"] == "not measured"
    fewer = judged(NUMBERS | {"trajectory": {key: DETAILS["trajectory"][key] for key in ("noise_std", "100")}})
    assert fewer["table-2-latent-ode-30"].judgement.reason == (
        "no 30.latent_ode.rmse_extrapolation in reports/details/trajectory.json"
    )
    moons = DETAILS["density"]["report_moons"]
    assert words(judged(changed("density", report_moons=moons | {"entropy_nats": 1.0})))["report-nll"] == "not measured"


def test_a_page_shows_its_own_entries():
    lines = claims.judge("table1", METRICS["table1"], classification=DETAILS["classification"])
    assert [line.name for line in lines] == [name for name, entry in ENTRIES.items() if entry.page == "table1"]
    assert {line.judgement.word for line in lines} == {"reproduced"}


def test_all_are_counted_by_verdict_and_degree():
    lines = list(judged().values())
    found = claims.counts(lines)
    assert list(found) == ["beaten", "reproduced", "not reproduced", "not comparable"]
    assert sum(number for row in found.values() for number in row.values()) == len(lines) == len(ENTRIES)
    assert found["not comparable"] == {"same data": 0, "same generator": 0, "none": 1}
    by_hand = Counter((line.judgement.word, line.entry.degree) for line in lines)
    assert found["beaten"]["same data"] == by_hand["beaten", "same data"] == 3


def test_programs_find_all_of_it_in_one_file(tmp_path):
    found = claims.load(invented_numbers.written(tmp_path))
    claims.write_result(tmp_path / "claims.json", found)
    content = json.loads((tmp_path / "claims.json").read_text())
    one = content["table-1-odenet-error"]
    assert (one["published"], one["source"], one["place"]) == (0.42, "Chen et al. 2018", "Table 1")
    assert (one["verdict"], one["comparability"], one["rule"]) == ("reproduced", "same data", "error rate")
    assert one["ours"] == {"mean": pytest.approx(0.42), "ci95": pytest.approx(0.0497, abs=1e-4), "seeds": 3}
    assert one["floor"] == {"kind": "binomial standard error", "value": 0.065}
    assert one["ours_from"] == "reports/details/classification.json:odenet.error_pct"
    assert one["figures"] == ["reports/figures/mnist-error.png"] and one["left_open"] and one["reason"]
    assert content["report-log-nll"]["published"] == [2.38, 2.42] and content["table-1-odenet-memory"]["published"] == "O(1)"
    assert claims.read_result(tmp_path / "claims.json") == found


def test_missing_numbers_are_named(tmp_path):
    with pytest.raises(UserError, match=r"reports/details/classification.json: missing; .*dvc repro classification-summarise"):
        claims.load_details(tmp_path)
    invented_numbers.written(tmp_path)
    (tmp_path / file("table1")).unlink()
    with pytest.raises(UserError, match=r"studies/table1/results/metrics.json: missing; .*neural-odes repro table1"):
        claims.load(tmp_path)


def test_a_page_that_there_is_not_is_named(tmp_path, monkeypatch):
    invented_numbers.written(tmp_path)
    entry = ENTRIES["figure-3c"].model_copy(update={"page": "solver"})
    monkeypatch.setitem(ENTRIES, "an-entry", entry)
    (tmp_path / "studies" / "solvers" / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(UserError, match=r"claims\.yaml: no claim or study is called solver, .*did you mean solvers\?"):
        claims.load(tmp_path)


def test_an_answer_says_what_came_out():
    details = DETAILS["classification"]
    said = classification.answer(details)
    assert "misreads 0.42 ± 0.05 % of the test images with 208,266 parameters, the ResNet 0.42 ± 0.05 % with 576,778." in said
    assert "Chen et al. print 0.42 % and 0.41 %." in said and "is indistinguishable from zero" in said
    assert "error of 0.07 points" in said
    better = details | {"dataset": "cifar10", "resnet": NETWORK | {"error_pct": over_seeds([0.20, 0.23, 0.24]), "parameters": 7}}
    said = classification.answer(better)
    # differences 0.20, 0.19, 0.20: mean 0.197, 95 % interval 4.303 · 0.00577 / √3
    assert "differ by 0.20 ± 0.01 points, paired over seeds, which is distinguishable from zero" in said
    assert "Chen" not in said, "they print nothing for other images"
    alone = NETWORK | {"error_pct": over_seeds([0.40])}
    said = classification.answer(details | {"odenet": alone, "resnet": alone})
    assert "differ by 0.00 points. The choice" in said, "one seed says nothing of their difference"
    said = density.answer(DETAILS["density"])
    assert "is 0.2909 ± 0.0018 nats." in said and "0.2892" in said and "the report prints 3.1" in said and "2.38 to 2.42" in said
    said = trajectory.answer(DETAILS["trajectory"])
    assert said.startswith("With 100 noisy observations") and "0.1346" in said
    assert said.count("1.20 times that of the oracle") == 2
    assert "Chen" not in trajectory.answer({"40": DETAILS["trajectory"]["100"]})


def test_the_claims_come_first():
    assert list(claims.verdicts(NUMBERS.__getitem__))[:3] == list(CLAIMS)


def test_a_line_in_full():
    assert judged()["figure-4-moons-8"].as_dict() == {
        "page": "widths",
        "quantity": "CNF minus planar flow, NLL on moons, K = M = 8",
        "unit": "nats",
        "published": "below 0",
        "source": "Chen et al. 2018",
        "work": "Neural Ordinary Differential Equations, arXiv:1806.07366",
        "place": "Figure 4",
        "comparability": "none",
        "left_open": ENTRIES["figure-4-moons-8"].open,
        # −0.31, −0.30, −0.29: t of two degrees of freedom, 4.3027, times 0.01 / √3
        "ours": {"mean": pytest.approx(-0.3), "ci95": pytest.approx(0.024841, abs=1e-6), "seeds": 3},
        "ours_from": "studies/widths/results/metrics.json:moons.planar_cnf.8.gap_nats - moons.planar.8.gap_nats",
        "floor": None,
        "round_trip_error": 1e-5,
        "rule": "below zero",
        "verdict": "reproduced",
        "reason": "−0.3000 ± 0.0248 nats (paired, 95 % interval over 3 seeds): below zero",
        "figures": ["studies/widths/results/figures/widths-gap.png"],
    }


def test_a_line_in_words():
    error, memory = judged()["table-1-odenet-error"], judged()["table-1-odenet-memory"]
    assert (error.source_text, error.ours_text) == ("Chen et al. 2018, Table 1", "0.42 ± 0.05")
    assert error.floor_text == "±0.07 (binomial standard error)" and memory.floor_text == "–"
    assert error.round_trip == 0.018, "the largest of the seeds"
    assert memory.round_trip is None


def test_a_number_that_the_source_rounds_holds_within_half_a_per_cent():
    moons = DETAILS["density"]["report_moons"]
    for entropy, holds in ((2.394 * 1.0045, True), (2.394 * 0.9955, True), (2.394 * 1.0055, False), (2.394 * 0.9945, False)):
        line = judged(changed("density", report_moons=moons | {"entropy_nats": entropy}))["report-nll"]
        assert (line.judgement.word != "not measured") == holds == (line.ours is not None)
    line = judged(changed("density", report_moons=moons | {"entropy_nats": 2.5}))["report-nll"]
    assert line.judgement.reason == "the published number is for report_moons.entropy_nats 2.394, ours for 2.5"
    assert (line.ours, line.floor, line.round_trip) == (None, None, None)


def test_what_a_file_lacks_is_not_measured_and_stays_so_in_the_file(tmp_path):
    details = DETAILS["classification"]
    for gone in ("binomial_standard_error_pct", "round_trip_error"):
        network = {key: value for key, value in NETWORK.items() if key != gone}
        lines = judged(changed("classification", odenet=network, resnet=details["resnet"]))
        assert lines["table-1-odenet-error"].judgement == (
            "not measured",
            f"no odenet.{gone} in reports/details/classification.json",
        )
    found = claims.verdicts(changed("classification", dataset="cifar10").__getitem__)
    claims.write_result(tmp_path / "claims.json", found)
    content = json.loads((tmp_path / "claims.json").read_text())
    assert (content["table-1-odenet-error"]["ours"], content["table-1-odenet-error"]["floor"]) == (None, None)
    assert claims.read_result(tmp_path / "claims.json") == found
    few = {name: content[name] for name in ("figure-3c", "table-1-mlp-error", "table-1-rknet-error")}
    (tmp_path / "claims.json").write_text(json.dumps(few))
    read = claims.read_result(tmp_path / "claims.json")
    names = {page: {line.name for line in lines} for page, lines in read.items()}
    assert names == {"solvers": {"figure-3c"}, "table1": {"table-1-mlp-error", "table-1-rknet-error"}}


def test_the_details_of_all_claims_are_read(tmp_path):
    assert claims.load_details(invented_numbers.written(tmp_path)) == DETAILS


def test_each_file_that_an_entry_asks_for_is_read_once(monkeypatch):
    monkeypatch.setattr(claims, "ENTRIES", {"report-nll": ENTRIES["report-nll"]})
    asked = []

    def read(page):
        asked.append(page)
        return NUMBERS[page]

    assert list(claims.verdicts(read)) == asked == ["density"]
