//! Golden tests.

mod examples;

#[test]
fn every_example_validates_fits_the_schema_and_plans() {
    let broken = examples::examples();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
