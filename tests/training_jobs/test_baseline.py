"""The baseline is fitted on the training texts and chosen on the validation texts."""

from training_jobs.baseline import fit_baseline


def test_learns_the_made_up_words(nusax_folder):
    baseline = fit_baseline(nusax_folder)
    # Each made-up text ends with the word of its label, among words at random; chance is 0.33.
    assert baseline.test_macro_f1 > 0.6
    assert baseline.longest_ngram in (1, 2)
    assert fit_baseline(nusax_folder) == baseline
