"""What every model card says in the same words."""

NOT_STATED = "Not stated by whoever trained it."
NOT_TESTED = "Not tested yet."

MADE_UP = "Made-up patients of `b12 demo-data`: nobody was measured, so this model says nothing of anybody."
MADE_UP_USE = "Trying the software. Never in care: in production no organization can let it answer."

HEAD = {
    "intended_use": (
        "Research on screening. In care only where an organization has activated it, on the strength of a gate that it "
        "passed on patients like theirs: then as one of several hints whether to measure vitamin B12."
    ),
    "not_for": (
        "Diagnosis, treatment, or a decision without a clinician; pregnancy; people younger than 20 or older than 85, "
        "or treated with vitamin B12; another assay or another population than those tested."
    ),
    "regulatory_status": (
        "Not a medical device: neither CE-marked nor cleared by the FDA. Whoever uses it in care answers for its "
        "qualification (in the EU Regulation 2017/745 and Regulation 2024/1689)."
    ),
}

METHODS = {
    "data_preparation": "Units are turned into canonical ones; counts that contradict themselves are left out.",
    "predictors": (
        "Hemoglobin, hematocrit, erythrocytes, MCV, MCH, MCHC, RDW-CV, leukocytes, platelets, the five-part "
        "differential where those trained on had one, age and sex. Nothing that is measured because of the answer is "
        "read."
    ),
    "missing_data": "What some of those trained on lacked may be missing, and lies below every split. "
    "Where anything else that a tree asks for is missing, it abstains.",
    "analytical_methods": (
        "Two forests of oblivious trees (CatBoost, one thread, no sampling, fixed seed): of a small grid the smallest "
        "that is within one standard error of the best logarithmic loss held out; Platt calibration on scores held out."
    ),
    "class_imbalance": "No row is weighed or drawn again; the base rate stays in the probability.",
    "fairness": (
        "Figures by sex and age band, and by renal disease, metformin and site where a file tells them; limits on the "
        "gaps are part of the gate."
    ),
    "output": (
        "P(normal), P(borderline) and P(deficient), which sum to one. A class only once the gate is passed, by "
        "thresholds that find 90 % of the events held out in training."
    ),
}

CODE = "chiron.screening.training, with the seed and the settings in bundle.json: the same rows give the same hash."
SHARING = "No row leaves the training: the bundle holds trees, quantiles and figures."
SPECIFICATION = "All trees, leaves and numbers stand in bundle.json, under the content hash."
UPDATING = "Never by itself: feedback does not train. A new model is trained, validated and activated by name."

LIMITATIONS = (
    "A blood count may carry almost no signal of vitamin B12: on US survey data of 22,879 adults the AUC was 0.544 "
    "(below 300 pg/mL) and 0.576 (below 200 of those below 300), and 95.8 % of deficient adults had an MCV of at most "
    "100 fL. Published AUCs run from 0.54 to 0.90 with the population, so figures of one place say little of another. "
    "The label is serum B12 by one assay, not deficiency of the tissue: methylmalonic acid and holotranscobalamin are "
    "not asked. Those who were tested differ from those who are screened."
)
USABILITY = (
    "It abstains outside what it was trained on, and says so where a probability is no more than the base rate. "
    "Predictive values are computed for the prevalence that an organization states."
)
