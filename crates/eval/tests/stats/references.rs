//! Values that the reference implementations give: scipy 1.17.1, statsmodels 0.15.0, scikit-learn
//! 1.9.1. A small excerpt; target `goldens` runs the whole file.

use botsmith_eval::stats::{
    Confidence, Confusion, Correction, Correlation, Interval, Pairs, Side, TestResult, Weights,
    adjust, agresti_coull, average_precision, brier, clopper_pearson, cohens_dz, differences,
    jeffreys, kendall, log_loss, mcnemar, mcnemar_exact, mean, mean_bca, mean_percentile, ndcg,
    newcombe, paired_t, pass_at_k, pass_hat_k, pearson, reciprocal_rank, roc_auc, sign_flip,
    sign_test, spearman, standard_error, wald, wilcoxon, wilcoxon_exact, wilson,
};

#[track_caller]
fn near(found: f64, wanted: f64) {
    let off = (found - wanted).abs();
    assert!(
        off <= 1e-9 * wanted.abs().max(1.0),
        "{found}, wanted {wanted}"
    );
}

#[track_caller]
fn ends_near(found: Interval, [lo, hi]: [f64; 2]) {
    near(found.lo(), lo);
    near(found.hi(), hi);
}

#[track_caller]
fn test_near(found: TestResult, [statistic, p]: [f64; 2]) {
    near(found.statistic, statistic);
    near(found.p, p);
}

#[track_caller]
fn correlation_near(found: Correlation, [value, p]: [f64; 2]) {
    near(found.value, value);
    near(found.p, p);
}

#[test]
fn intervals_of_a_share_match_statsmodels() {
    let methods = [wilson, clopper_pearson, agresti_coull, jeffreys, wald];
    for (passed, n, level, wanted) in [
        (
            0,
            10,
            0.95,
            [
                [0.0, 0.27753279986288926],
                [0.0, 0.30849710781876083],
                [0.0, 0.3208873057505458],
                [4.7890433157581876e-05, 0.2171962675092106],
                [0.0, 0.0],
            ],
        ),
        (
            10,
            10,
            0.95,
            [
                [0.7224672001371106, 1.0],
                [0.6915028921812392, 1.0],
                [0.6791126942494543, 1.0],
                [0.7828037324907894, 0.9999521095668424],
                [1.0, 1.0],
            ],
        ),
        (
            7,
            10,
            0.95,
            [
                [0.39677814746114537, 0.8922087325936989],
                [0.3475471499400027, 0.9332604888222655],
                [0.39232529797726956, 0.8966615820775747],
                [0.3941816818513287, 0.9073054060618468],
                [0.41597423491067453, 0.9840257650893254],
            ],
        ),
        (
            45,
            50,
            0.99,
            [
                [0.7402692104043159, 0.9660091162215817],
                [0.7419502711835912, 0.9777821851924495],
                [0.7319851062085052, 0.9742932204173922],
                [0.7553036010938581, 0.9730922620479285],
                [0.7907168179368931, 1.0],
            ],
        ),
        (
            183,
            400,
            0.95,
            [
                [0.4093135795917928, 0.5064949654266224],
                [0.4079007736646154, 0.5077325550309512],
                [0.409311913852703, 0.5064966311657122],
                [0.40913122700113175, 0.5064813323411111],
                [0.4086782305170467, 0.5063217694829534],
            ],
        ),
        (
            1,
            1000,
            0.99,
            [
                [0.00011741635361832078, 0.008460566219981695],
                [5.012529260777506e-06, 0.007406286938352938],
                [0.0, 0.00959447914568858],
                [3.586921333728691e-05, 0.0064001160473838815],
                [0.0, 0.003574541066757373],
            ],
        ),
    ] {
        let confidence = Confidence::new(level).unwrap();
        for (method, wanted) in methods.iter().zip(wanted) {
            ends_near(method(passed, n, confidence).unwrap(), wanted);
        }
    }
}

#[test]
fn mcnemar_matches_statsmodels() {
    for ([both, only_a, only_b, neither], exact, plain, corrected) in [
        (
            [30, 5, 12, 53],
            0.143463134765625,
            [2.8823529411764706, 0.08955507441364248],
            [2.1176470588235294, 0.1456100953968629],
        ),
        ([10, 8, 8, 4], 1.0, [0.0, 1.0], [0.0625, 0.8025873486341526]),
        (
            [500, 40, 65, 395],
            0.018740915408258018,
            [5.9523809523809526, 0.014697421770023516],
            [5.485714285714286, 0.019172484755223134],
        ),
        (
            [7, 0, 9, 3],
            0.00390625,
            [9.0, 0.0026997960632601883],
            [7.111111111111111, 0.007660761135179461],
        ),
    ] {
        let pairs = Pairs {
            both,
            only_a,
            only_b,
            neither,
        };
        near(mcnemar_exact(&pairs, Side::TwoSided).p, exact);
        test_near(mcnemar(&pairs, false).unwrap(), plain);
        test_near(mcnemar(&pairs, true).unwrap(), corrected);
    }
}

#[test]
fn newcombe_matches_the_table_of_his_paper() {
    let pairs = Pairs {
        both: 36,
        only_a: 2,
        only_b: 12,
        neither: 0,
    };
    let interval = newcombe(&pairs, Confidence::P95).unwrap();
    assert_eq!(format!("{interval:.4}"), "[0.0569, 0.3404]");
}

#[test]
fn tests_on_twelve_graded_pairs_match_scipy() {
    let a = [
        0.688, 0.107, 0.717, 0.953, 0.245, 0.416, 0.452, 0.652, 0.818, 0.91, 0.133, 0.41,
    ];
    let b = [
        0.962, 0.297, 0.89, 1.0, 0.465, 0.072, 0.647, 0.614, 1.0, 1.0, 0.31, 0.672,
    ];
    let d = differences(&a, &b).unwrap();
    near(mean(&d).unwrap(), 0.11900000000000001);
    near(standard_error(&d).unwrap(), 0.04929687432466503);
    near(cohens_dz(&d).unwrap(), 0.6968462298550845);
    test_near(
        paired_t(&d, Side::TwoSided).unwrap(),
        [2.4139461503436532, 0.03437344768769754],
    );
    test_near(
        wilcoxon(&d, Side::TwoSided).unwrap(),
        [13.0, 0.041389404009149304],
    );
    test_near(
        wilcoxon_exact(&d, Side::TwoSided).unwrap(),
        [13.0, 0.04248046875],
    );
    near(sign_test(&d, Side::TwoSided).unwrap().p, 0.03857421875);
    near(sign_flip(&d, Side::TwoSided, 7).unwrap().p, 0.037109375);
    // The reference drew 9,999 resamples of its own: ends agree within 3 % of the width.
    for (found, [lo, hi]) in [
        (
            mean_percentile(&d, Confidence::P95, 100_000, 7),
            [0.018162500000000012, 0.19741874999999987],
        ),
        (
            mean_bca(&d, Confidence::P95, 100_000, 7),
            [-0.01954142452588627, 0.18525000000000003],
        ),
    ] {
        let found = found.unwrap();
        let slack = 0.03 * (hi - lo);
        assert!(
            (found.lo() - lo).abs() < slack && (found.hi() - hi).abs() < slack,
            "{found}"
        );
    }
}

#[test]
fn tests_on_fifteen_graded_pairs_match_scipy() {
    let a = [
        0.1, 0.895, 0.282, 0.073, 0.368, 0.796, 0.782, 0.064, 0.679, 0.283, 0.928, 0.476, 0.796,
        0.521, 0.396,
    ];
    let b = [
        0.169, 0.828, 0.574, 0.0, 0.494, 0.635, 0.701, 0.117, 0.746, 0.231, 0.803, 0.49, 0.871,
        0.405, 0.54,
    ];
    let d = differences(&a, &b).unwrap();
    near(mean(&d).unwrap(), 0.010999999999999985);
    near(standard_error(&d).unwrap(), 0.03177495269937658);
    near(cohens_dz(&d).unwrap(), 0.08938448513487457);
    test_near(
        paired_t(&d, Side::TwoSided).unwrap(),
        [0.34618462233669367, 0.734351501750998],
    );
    test_near(
        wilcoxon(&d, Side::TwoSided).unwrap(),
        [58.0, 0.9095609385561121],
    );
    test_near(
        wilcoxon_exact(&d, Side::TwoSided).unwrap(),
        [58.0, 0.93408203125],
    );
    near(sign_test(&d, Side::TwoSided).unwrap().p, 1.0);
    near(
        sign_flip(&d, Side::TwoSided, 7).unwrap().p,
        0.73699951171875,
    );
    // The reference drew 9,999 resamples of its own: ends agree within 3 % of the width.
    for (found, [lo, hi]) in [
        (
            mean_percentile(&d, Confidence::P95, 100_000, 7),
            [-0.04753333333333333, 0.07333499999999983],
        ),
        (
            mean_bca(&d, Confidence::P95, 100_000, 7),
            [-0.04326666666666667, 0.07692215036311632],
        ),
    ] {
        let found = found.unwrap();
        let slack = 0.03 * (hi - lo);
        assert!(
            (found.lo() - lo).abs() < slack && (found.hi() - hi).abs() < slack,
            "{found}"
        );
    }
}

#[test]
fn correlations_match_scipy_with_and_without_ties() {
    let a = [0.23, 0.43, 0.97, 0.73, 0.39, 0.26, 0.83, 0.5, 0.09, 0.4];
    let b = [0.2, 0.34, 0.73, 0.63, 0.38, 0.22, 0.69, 0.21, 0.35, 0.55];
    correlation_near(
        pearson(&a, &b).unwrap(),
        [0.8131743011330839, 0.004225572786098323],
    );
    correlation_near(
        spearman(&a, &b).unwrap(),
        [0.6727272727272726, 0.03304122254543772],
    );
    correlation_near(
        kendall(&a, &b).unwrap(),
        [0.5555555555555555, 0.02860945767195767],
    );
    let a = [1.0, 2.0, 5.0, 4.0, 2.0, 1.0, 4.0, 2.0, 0.0, 2.0];
    let b = [1.0, 2.0, 4.0, 3.0, 2.0, 1.0, 3.0, 1.0, 2.0, 3.0];
    correlation_near(
        spearman(&a, &b).unwrap(),
        [0.764705882352941, 0.009982232408301438],
    );
    correlation_near(
        kendall(&a, &b).unwrap(),
        [0.6849957804389888, 0.014697421770023473],
    );
}

#[test]
fn adjusted_p_values_match_statsmodels() {
    let p = [0.001, 0.0015, 0.04, 0.04, 0.9, 0.6, 0.012];
    for (correction, wanted) in [
        (
            Correction::Bonferroni,
            [0.007, 0.0105, 0.28, 0.28, 1.0, 1.0, 0.084],
        ),
        (
            Correction::Holm,
            [0.007, 0.009000000000000001, 0.16, 0.16, 1.0, 1.0, 0.06],
        ),
        (
            Correction::BenjaminiHochberg,
            [
                0.00525,
                0.00525,
                0.056,
                0.056,
                0.9,
                0.7000000000000001,
                0.028,
            ],
        ),
        (
            Correction::BenjaminiYekutieli,
            [
                0.0136125,
                0.0136125,
                0.14519999999999997,
                0.14519999999999997,
                1.0,
                1.0,
                0.0726,
            ],
        ),
    ] {
        let found = adjust(&p, correction).unwrap();
        found
            .iter()
            .zip(wanted)
            .for_each(|(found, wanted)| near(*found, wanted));
    }
}

#[test]
fn pass_at_k_and_pass_hat_k_match_the_reference() {
    for (n, c, k, any, all) in [
        (10, 0, 3, 0.0, 0.0),
        (10, 0, 5, 0.0, 0.0),
        (10, 3, 3, 0.7083333333333333, 0.008333333333333333),
        (10, 3, 5, 0.9166666666666666, 0.0),
        (10, 10, 3, 1.0, 1.0),
        (10, 10, 5, 1.0, 1.0),
        (200, 17, 3, 0.23501522765341842, 0.0005177402162326785),
        (200, 17, 5, 0.3616541654147194, 2.4403998589647647e-06),
        (5, 1, 3, 0.6, 0.0),
        (5, 1, 5, 1.0, 0.0),
    ] {
        near(pass_at_k(n, c, k).unwrap(), any);
        near(pass_hat_k(n, c, k).unwrap(), all);
    }
}

#[test]
fn scores_that_rank_match_scikit_learn() {
    let truth = [0, 1, 0, 0, 1, 0, 1, 0].map(|y| y == 1);
    let scores = [0.15, 0.49, 0.58, 0.53, 0.3, 0.54, 0.34, 0.66];
    near(roc_auc(&truth, &scores).unwrap(), 0.19999999999999996);
    near(
        average_precision(&truth, &scores).unwrap(),
        0.3206349206349206,
    );
    near(brier(&truth, &scores).unwrap(), 0.31908749999999997);
    near(log_loss(&truth, &scores).unwrap(), 0.8295641107408485);
    let relevance = [1.0, 2.0, 3.0, 0.0, 2.0];
    let scores = [2.0, 3.0, 1.0, 4.0, 0.0];
    let relevant = relevance.map(|gain| gain > 0.0);
    near(ndcg(&relevance, &scores, None).unwrap(), 0.6723883260433474);
    near(
        ndcg(&relevance, &scores, Some(3)).unwrap(),
        0.33483590824711496,
    );
    near(reciprocal_rank(&relevant, &scores).unwrap(), 0.5);
    near(
        average_precision(&relevant, &scores).unwrap(),
        0.6791666666666667,
    );
    let relevance = [0.0, 2.0, 3.0, 1.0, 3.0, 1.0, 0.0, 0.0, 3.0, 1.0, 0.0, 2.0];
    let scores = [3.0, 2.0, 0.0, 1.0, 10.0, 8.0, 9.0, 6.0, 5.0, 11.0, 4.0, 7.0];
    let relevant = relevance.map(|gain| gain > 0.0);
    near(ndcg(&relevance, &scores, None).unwrap(), 0.748928185128683);
    near(
        ndcg(&relevance, &scores, Some(3)).unwrap(),
        0.4525081529734507,
    );
    near(reciprocal_rank(&relevant, &scores).unwrap(), 1.0);
    near(
        average_precision(&relevant, &scores).unwrap(),
        0.7709145021645022,
    );
}

#[test]
fn labels_against_labels_match_scikit_learn() {
    let truth = [
        2, 2, 0, 1, 2, 2, 2, 1, 2, 1, 2, 2, 0, 0, 0, 1, 0, 2, 2, 2, 2, 1, 1, 0, 0, 1, 2, 1, 0, 0,
        0, 0, 2, 1, 1, 1, 1, 2, 1, 1, 0, 0, 1, 2, 2, 2, 2, 0, 0, 1,
    ];
    let given = [
        2, 2, 2, 1, 0, 2, 2, 1, 2, 1, 2, 2, 0, 0, 0, 1, 2, 2, 2, 2, 2, 1, 1, 0, 0, 1, 2, 2, 2, 0,
        0, 0, 2, 0, 1, 0, 1, 2, 1, 1, 0, 0, 1, 2, 2, 0, 2, 1, 0, 1,
    ];
    let confusion = Confusion::new(&truth, &given).unwrap();
    near(confusion.accuracy(), 0.82);
    near(confusion.balanced_accuracy(), 0.8135233918128656);
    near(confusion.matthews().unwrap(), 0.7293823601473811);
    near(confusion.kappa(Weights::None).unwrap(), 0.7276029055690072);
    near(
        confusion.kappa(Weights::Linear).unwrap(),
        0.6891651865008881,
    );
    near(
        confusion.kappa(Weights::Quadratic).unwrap(),
        0.6523754345307068,
    );
    assert_eq!(confusion.counts(), [[11, 1, 3], [2, 13, 1], [2, 0, 17]]);
    for (found, wanted) in [
        (
            confusion.macro_average(),
            [0.8238095238095239, 0.8135233918128656, 0.8166666666666668],
        ),
        (
            confusion.weighted_average(),
            [0.8247619047619048, 0.82, 0.8203333333333334],
        ),
    ] {
        near(found.precision, wanted[0]);
        near(found.recall, wanted[1]);
        near(found.f1, wanted[2]);
    }
    let f1 = [0.7333333333333333, 0.8666666666666667, 0.85];
    confusion
        .per_class()
        .iter()
        .zip(f1)
        .for_each(|(class, wanted)| near(class.f1, wanted));
    assert_eq!(
        Confusion::new(&[1, 1], &[1, 1])
            .unwrap()
            .kappa(Weights::None),
        None
    );
}
