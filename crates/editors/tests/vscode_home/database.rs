//! Writes a SQLite database with one table `ItemTable(key, value)`, of three pages.

use std::path::Path;

const PAGE: usize = 65_536;

pub fn write(path: &Path, rows: &[(&str, &str)]) {
    let mut sorted: Vec<(usize, &str)> = rows.iter().enumerate().map(|(n, (key, _))| (n + 1, *key)).collect();
    sorted.sort_by_key(|(_, key)| *key);
    let sql = "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)";
    let index = "sqlite_autoindex_ItemTable_1";
    let schema = [
        row(1, &[text("table"), text("ItemTable"), text("ItemTable"), number(2), text(sql)]),
        row(2, &[text("index"), text(index), text("ItemTable"), number(3), (0, Vec::new())]),
    ];
    let table: Vec<Vec<u8>> =
        rows.iter().enumerate().map(|(n, (key, value))| row(n + 1, &[text(key), blob(value)])).collect();
    let keys: Vec<Vec<u8>> =
        sorted.iter().map(|(n, key)| prefixed(&record(&[text(key), number(*n)]))).collect();
    let mut bytes = page(&header(), 0x0d, &schema);
    bytes.extend(page(&[], 0x0d, &table));
    bytes.extend(page(&[], 0x0a, &keys));
    std::fs::write(path, bytes).unwrap();
}

fn header() -> Vec<u8> {
    let mut header = b"SQLite format 3\0".to_vec();
    header.extend([0, 1, 1, 1, 0, 64, 32, 32]);
    for field in [7_u32, 3, 0, 0, 1, 4, 0, 0, 1, 1, 0, 0] {
        header.extend(field.to_be_bytes());
    }
    header.extend([0; 20]);
    header.extend(7_u32.to_be_bytes());
    header.extend(3_045_000_u32.to_be_bytes());
    header
}

fn page(before: &[u8], kind: u8, cells: &[Vec<u8>]) -> Vec<u8> {
    let mut page = vec![0; PAGE];
    page[..before.len()].copy_from_slice(before);
    let (mut end, mut pointers) = (PAGE, Vec::new());
    for cell in cells {
        end -= cell.len();
        page[end..end + cell.len()].copy_from_slice(cell);
        pointers.extend(u16::try_from(end).unwrap().to_be_bytes());
    }
    let mut head = vec![kind, 0, 0];
    head.extend(u16::try_from(cells.len()).unwrap().to_be_bytes());
    head.extend(u16::try_from(end % PAGE).unwrap().to_be_bytes());
    head.push(0);
    head.extend(pointers);
    assert!(before.len() + head.len() <= end, "too much for one page");
    page[before.len()..before.len() + head.len()].copy_from_slice(&head);
    page
}

type Field = (u64, Vec<u8>);

fn text(text: &str) -> Field {
    (13 + 2 * text.len() as u64, text.into())
}

fn blob(text: &str) -> Field {
    (12 + 2 * text.len() as u64, text.into())
}

fn number(n: usize) -> Field {
    (1, vec![u8::try_from(n).unwrap()])
}

fn record(fields: &[Field]) -> Vec<u8> {
    let types: Vec<u8> = fields.iter().flat_map(|(kind, _)| varint(*kind)).collect();
    assert!(types.len() < 127);
    let mut record = vec![u8::try_from(types.len() + 1).unwrap()];
    record.extend(types);
    record.extend(fields.iter().flat_map(|(_, bytes)| bytes.clone()));
    record
}

fn row(n: usize, fields: &[Field]) -> Vec<u8> {
    let record = record(fields);
    let mut cell = varint(record.len() as u64);
    cell.extend(varint(n as u64));
    cell.extend(record);
    cell
}

fn prefixed(record: &[u8]) -> Vec<u8> {
    let mut cell = varint(record.len() as u64);
    cell.extend(record);
    cell
}

fn varint(n: u64) -> Vec<u8> {
    let mut groups = vec![(n & 0x7f) as u8];
    let mut rest = n >> 7;
    while rest > 0 {
        groups.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    groups.reverse();
    groups
}
