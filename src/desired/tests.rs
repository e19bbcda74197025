//! What holds for the graph of any valid project.

use std::collections::HashSet;

use proptest::prelude::*;

use super::sample::shape;
use crate::address::Address;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_resource_stands_after_what_it_depends_on(shape in shape(6, true)) {
        let desired = shape.desired();
        let mut before: HashSet<&Address> = HashSet::new();
        for wanted in desired.resources() {
            for on in &wanted.dependencies {
                prop_assert!(before.contains(on), "{} before {}", wanted.address, on);
            }
            prop_assert!(before.insert(&wanted.address));
            prop_assert_eq!(wanted.spec.kind(), wanted.address.kind());
            prop_assert_eq!(desired.get(&wanted.address), Some(wanted));
        }
    }

    #[test]
    fn the_same_file_asks_for_the_same(shape in shape(6, true)) {
        let (one, two) = (shape.desired(), shape.desired());
        prop_assert_eq!(one.resources(), two.resources());
    }

    #[test]
    fn what_lives_in_a_machine_depends_on_it(shape in shape(4, true)) {
        for wanted in shape.desired().resources() {
            if wanted.address.lives_inside() {
                let machine = wanted.address.machine().unwrap().clone();
                prop_assert!(wanted.dependencies.contains(&Address::Machine(machine)));
            }
        }
    }
}
