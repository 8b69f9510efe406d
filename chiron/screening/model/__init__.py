"""The serving side of a trained model: bundles, their hash, probabilities, contributions, drift.

Pure numpy: it opens no database, knows no setting and never imports the library that trains. A *bundle* is a folder
whose content has a hash; a *stage* is one forest with its calibration; a *box* is the range of a feature that the
training saw; *contributions* say what each feature adds to a stage's score.
"""
