//! Backup and restore, rehearsed: a store with a run that waits is copied, lost, and gone on with from the copy.

use crate::{ASKS, SQLITE, begin, folder, show, step, work};

#[test]
fn a_run_goes_on_from_a_backup_also_on_another_back_end() {
    let folder = folder(&[("release.yaml", ASKS)]);
    begin(&folder);
    let before = show(&folder, "r", SQLITE);
    folder.run(&["store", "export", "backup.bin"]).ends(0);
    std::fs::remove_dir_all(folder.at(".botsmith")).unwrap();
    let restored = "sqlite:restored.db";
    let mut stores = vec![restored.to_owned()];
    let redis = crate::server::one(&[]);
    stores.extend(redis.iter().map(crate::server::Server::url));
    for store in &stores {
        folder
            .run(&["store", "import", "backup.bin", "--store", store])
            .ends(0);
        folder.run(&["store", "check", "--store", store]).ends(0);
        assert_eq!(show(&folder, "r", store), before, "{store}");
        folder
            .run(&["flow", "approve", "r", "--by", "lead", "--store", store])
            .ends(0);
        work(&folder, store);
        let after = show(&folder, "r", store);
        assert_eq!(after["status"], "done", "{store}");
        assert_eq!(
            step(&after, "draft"),
            step(&before, "draft"),
            "what was done is not done again"
        );
    }
}
