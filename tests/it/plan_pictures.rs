//! A plan as a drawing and as a page: well-formed, all ours, and every number of it in words.

use crate::plan::run;
use crate::report::{only_ours, well_formed};

/// Plans of every kind: who waits and who does not, all laws, what is to be found, nothing to draw.
const PLANS: [&str; 6] = [
    "--nodes 12 --images 34",
    "--nodes 12 --images 34 --arrival rolling:2/5m --pull-time 7s --law all --solve surge",
    "--nodes 3 --images 2 --strategy account",
    "--nodes 300 --images 30 --strategy one-address,addresses:2 --law bucket",
    "--runs-per-day 288 --jobs 4 --images 3",
    "--nodes 1 --images 1 --strategy preloaded --horizon 1ms",
];

#[test]
fn every_plan_is_a_drawing_and_a_page_of_its_own() {
    for args in PLANS {
        let svg = run(&format!("{args} -o svg")).stdout;
        only_ours(&well_formed(&svg));
        assert!(
            svg.contains("<title") && svg.contains("<desc") || args.contains("1ms"),
            "{args}: {svg}"
        );
        let html = run(&format!("{args} -o html")).stdout;
        let page = well_formed(&html);
        only_ours(&page);
        let text: String = page.descendants().filter_map(|node| node.text()).collect();
        let table = run(args).stdout;
        // What the table says, the page says.
        let answer = table.lines().next().unwrap();
        assert!(text.contains(answer), "{args}: {answer}");
        for line in table.lines().filter(|line| line.starts_with("- ")) {
            let what = line[2..].split(" [").next().unwrap();
            assert!(text.contains(what), "{args}: {what}");
        }
        let ids: Vec<&str> = page.descendants().filter_map(|node| node.attribute("id")).collect();
        let distinct: std::collections::BTreeSet<&&str> = ids.iter().collect();
        assert_eq!(ids.len(), distinct.len(), "{args}: {ids:?}");
        assert_eq!(run(&format!("{args} -o html")).stdout, html, "{args}");
    }
}
