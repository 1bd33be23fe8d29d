use super::*;

#[test]
fn every_document_loads_without_problems_or_notes() {
    for (key, text) in DOCUMENTS {
        let document = document::read(text).unwrap_or_else(|problems| panic!("{key}: {problems:#?}"));

        assert_eq!(document.notes, vec![], "{key}");
        assert_eq!(document.definition.key, key);
    }
    assert_eq!(builtin().len(), DOCUMENTS.len());
}
