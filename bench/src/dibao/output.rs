//! What the rules said, in the columns and types the peers write.

use super::people::{Part, People};
use anyhow::{Context, Result, bail};
use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Int8Array, Int16Array, Int32Array, Int64Array,
    PrimitiveArray,
};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{Int8Type, Int16Type, SchemaRef, UInt16Type};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::file::writer::SerializedFileWriter;
use engine::{Judged, JudgedTable};
use rules::plan::RelId;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Columns in which nearly every row has its own value: a dictionary would only cost, so the
/// differences of neighbours are written.
const MANY_VALUED: [&str; 5] = ["household_id", "person_id", "income", "net", "per_capita"];
/// The quantities that are written; what none of them rests on need not be computed.
pub const SHOWN: [&str; 13] = [
    "档",
    "理由码",
    "人数",
    "家庭收入",
    "家庭支出",
    "净收入",
    "人均收入",
    "补助",
    "年龄",
    "收入",
    "必需支出",
    "所在档",
    "增发金",
];

/// The results of a part.
pub struct Results {
    /// `household.parquet`.
    pub households: RecordBatch,
    /// `person.parquet`.
    pub persons: RecordBatch,
}

impl Results {
    /// Tables without rows, of the right columns.
    pub fn none() -> Result<Self> {
        let numbers = || -> ArrayRef { Arc::new(Int64Array::from(Vec::<i64>::new())) };
        let tiny = || -> ArrayRef { Arc::new(Int8Array::from(Vec::<i8>::new())) };
        let small = || -> ArrayRef { Arc::new(Int16Array::from(Vec::<i16>::new())) };
        let middle = || -> ArrayRef { Arc::new(Int32Array::from(Vec::<i32>::new())) };
        let household = [
            ("household_id", numbers()),
            ("district", middle()),
            ("month", middle()),
            ("tier", tiny()),
            ("reason", small()),
            ("n", tiny()),
            ("income", numbers()),
            ("rigid", numbers()),
            ("net", numbers()),
            ("per_capita", numbers()),
            ("amount", numbers()),
        ];
        let person = [
            ("person_id", numbers()),
            ("age", small()),
            ("income", numbers()),
            ("rigid", numbers()),
            ("tier", tiny()),
            ("topup", numbers()),
        ];
        Ok(Self {
            households: RecordBatch::try_from_iter(household)?,
            persons: RecordBatch::try_from_iter(person)?,
        })
    }

    /// Takes them out of what was judged.
    pub fn of(people: &People, part: &Part, judged: &Judged, members: RelId) -> Result<Self> {
        let missing = || "a result table is missing".to_owned();
        let means = judged.table("means").with_context(missing)?;
        let help = judged.table("help").with_context(missing)?;
        let means_of = judged.rows_table("means", members).with_context(missing)?;
        let help_of = judged.rows_table("help", members).with_context(missing)?;
        let home = |column: &str| -> Result<ArrayRef> {
            Ok(take(
                people.households.column(column)?,
                &part.households,
                None,
            )?)
        };
        let household: Vec<(&str, ArrayRef)> = vec![
            ("household_id", home("household_id")?),
            ("district", home("district")?),
            ("month", home("month")?),
            ("tier", member(help, "档")?),
            ("reason", narrow::<Int16Type>(&whole(help, "理由码")?)?),
            ("n", narrow::<Int8Type>(&whole(means, "人数")?)?),
            ("income", Arc::new(whole(means, "家庭收入")?)),
            ("rigid", Arc::new(whole(means, "家庭支出")?)),
            ("net", Arc::new(whole(means, "净收入")?)),
            ("per_capita", Arc::new(whole(means, "人均收入")?)),
            ("amount", Arc::new(whole(help, "补助")?)),
        ];
        let ids = take(people.persons.column("person_id")?, &part.persons, None)?;
        let person: Vec<(&str, ArrayRef)> = vec![
            ("person_id", ids),
            ("age", narrow::<Int16Type>(&whole(means_of, "年龄")?)?),
            ("income", Arc::new(whole(means_of, "收入")?)),
            ("rigid", Arc::new(whole(means_of, "必需支出")?)),
            ("tier", member(help_of, "所在档")?),
            ("topup", Arc::new(whole(help_of, "增发金")?)),
        ];
        Ok(Self {
            households: RecordBatch::try_from_iter(household)?,
            persons: RecordBatch::try_from_iter(person)?,
        })
    }
}

/// A number known for everybody and whole.
fn whole(table: &JudgedTable, name: &str) -> Result<Int64Array> {
    let (n, d) = table.numbers(name).with_context(|| name.to_owned())?;
    if n.null_count() > 0 {
        bail!("`{name}` is unknown for {} of {}", n.null_count(), n.len());
    }
    if d.values().iter().all(|d| *d == 1) {
        return Ok(n.clone());
    }
    let divide = |(n, d): (&i64, &i64)| match (n.checked_div(*d), n.checked_rem(*d)) {
        (Some(whole), Some(0)) => Ok(whole),
        _ => bail!("`{name}` is {n}/{d}, no whole number"),
    };
    let values = n.values().iter().zip(d.values()).map(divide);
    Ok(Int64Array::from(values.collect::<Result<Vec<i64>>>()?))
}

fn narrow<T>(values: &Int64Array) -> Result<ArrayRef>
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i64, Error = std::num::TryFromIntError>,
{
    let values = values.values().iter().map(|v| T::Native::try_from(*v));
    let values = values.collect::<Result<Vec<T::Native>, _>>()?;
    Ok(Arc::new(PrimitiveArray::<T>::from_iter_values(values)))
}

/// A member of 户档 by its place, which is the number the peers give the tier.
fn member(table: &JudgedTable, name: &str) -> Result<ArrayRef> {
    let column = table.batch.column_by_name(name);
    let column = column.with_context(|| name.to_owned())?;
    let members = column
        .as_primitive_opt::<UInt16Type>()
        .with_context(|| format!("`{name}` is no member"))?;
    if members.null_count() > 0 {
        bail!("`{name}` is unknown for {}", members.null_count());
    }
    let tiers = members.values().iter().map(|tier| i8::try_from(*tier));
    Ok(Arc::new(PrimitiveArray::<Int8Type>::from_iter_values(
        tiers.collect::<Result<Vec<i8>, _>>()?,
    )))
}

/// A file under way: each part is a row group, made ready by the thread that judged it.
pub struct Output {
    writer: SerializedFileWriter<File>,
    groups: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
}

/// A row group made ready.
pub struct Ready(Vec<ArrowColumnChunk>);

impl Output {
    /// Begins a file for batches like this one.
    pub fn create(path: &Path, like: &RecordBatch) -> Result<Self> {
        let file = File::create(path).with_context(|| path.display().to_string())?;
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_statistics_enabled(EnabledStatistics::Chunk);
        for column in MANY_VALUED {
            properties = properties
                .set_column_dictionary_enabled(column.into(), false)
                .set_column_encoding(column.into(), Encoding::DELTA_BINARY_PACKED);
        }
        let writer = ArrowWriter::try_new(file, like.schema(), Some(properties.build()))?;
        let (writer, groups) = writer.into_serialized_writer()?;
        Ok(Self {
            writer,
            groups,
            schema: like.schema(),
        })
    }

    /// Makes a part ready.
    pub fn ready(&self, batch: &RecordBatch) -> Result<Ready> {
        let mut writers = self.groups.create_column_writers(0)?;
        let columns = self.schema.fields().iter().zip(batch.columns());
        for ((field, array), writer) in columns.zip(&mut writers) {
            for leaf in compute_leaves(field, array)? {
                writer.write(&leaf)?;
            }
        }
        let chunks = writers.into_iter().map(ArrowColumnWriter::close);
        Ok(Ready(chunks.collect::<Result<_, _>>()?))
    }

    /// Writes the parts in their order.
    pub fn write(mut self, parts: impl Iterator<Item = Ready>) -> Result<()> {
        for Ready(chunks) in parts {
            let mut group = self.writer.next_row_group()?;
            for chunk in chunks {
                chunk.append_to_row_group(&mut group)?;
            }
            group.close()?;
        }
        self.writer.close()?;
        Ok(())
    }
}
