"""What `regenerate` says of the difference between two goldens."""

import json

import numpy as np
import pytest

from training_jobs.goldens import band_of, describe_drift


@pytest.fixture
def golden(tmp_path):
    def write(name, *, shift=0.0, flip=0, macro_f1=0.5, band=None, losses="1.0,2.0", probes=0, labels=0):
        folder = tmp_path / name
        folder.mkdir()
        predictions = np.zeros(10, np.int64)
        predictions[:flip] = 1
        np.savez(
            folder / "golden.npz",
            probe_inputs=np.full((2, 3), probes),
            probe_outputs=np.full((2, 3), 0.25 + shift, np.float32),
            test_labels=np.full(10, labels),
            test_predictions=predictions,
        )
        metrics = {"macro_f1": macro_f1, "band": band, "training": {"test": {"macro_f1": macro_f1}}}
        (folder / "metrics.json").write_text(json.dumps(metrics))
        columns = "loss,val_loss" if "," in losses else "loss"
        (folder / "history.csv").write_text(f"epoch,{columns}\n1,{losses}9\n2,{losses}\n")
        return folder

    return write


def test_nothing_there_is_new(golden, tmp_path):
    assert describe_drift(tmp_path / "none", golden("new")) == "new"


def test_every_drift_is_said(golden):
    old = golden("old", band={"low": 0.4, "high": 0.6, "seeds": 3})
    new = golden("new", shift=0.125, flip=3, macro_f1=0.55, losses="0.5")
    assert describe_drift(old, new) == (
        "probe outputs differ by 0.12 at most; label agreement 0.7000; "
        "macro-F1 0.5000 -> 0.5500 (+0.0500); last loss 1.0000 (validation 2.0000) -> 0.5000; "
        "inside the band 0.400 to 0.600"
    )


@pytest.mark.parametrize("score", [0.39, 0.61])
def test_a_score_outside_the_band_is_said(golden, score):
    old = golden("old", band={"low": 0.4, "high": 0.6, "seeds": 3})
    assert describe_drift(old, golden("new", macro_f1=score)).endswith("OUTSIDE the band 0.400 to 0.600")


def test_what_cannot_be_compared_is_said(golden):
    drift = describe_drift(golden("old"), golden("new", probes=1, labels=1))
    assert drift.startswith("other probes; another test split; ")
    assert "band" not in drift


def test_the_band_is_three_deviations_of_at_least_three_seeds():
    band = band_of([0.5, 0.6, 0.7])
    assert (round(band.low, 9), round(band.high, 9), band.seeds) == (0.3, 0.9, 3)
    assert band_of([0.5, 0.6]) is None
    assert (band_of([0.0, 0.5, 1.0]).low, band_of([0.0, 0.5, 1.0]).high) == (0.0, 1.0)
