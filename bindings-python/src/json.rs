//! Converts between JSON and Python objects.

use automoderate::RawJson;
use pyo3::{
    IntoPyObjectExt,
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple},
};
use serde_json::{Map, Number, Value};

/// Maximum depth of nested data. Converting deeper data could overflow the stack.
const MAX_DEPTH: usize = 128;

pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => value.into_bound_py_any(py)?,
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into_bound_py_any(py)?,
            (None, Some(number)) => number.into_bound_py_any(py)?,
            (None, None) => number.as_f64().into_bound_py_any(py)?,
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(values) => {
            let list = PyList::empty(py);
            for value in values {
                list.append(to_python(py, value)?)?;
            }
            list.into_any()
        }
        Value::Object(object) => object_to_python(py, object)?.into_any(),
    })
}

pub(crate) fn object_to_python<'py>(py: Python<'py>, object: &Map<String, Value>) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in object {
        dict.set_item(key.as_str(), to_python(py, value)?)?;
    }
    Ok(dict)
}

/// Converts raw JSON to Python objects. Text that is not valid JSON is converted to a str.
pub(crate) fn raw_json_to_python<'py>(py: Python<'py>, raw: &RawJson) -> PyResult<Bound<'py, PyAny>> {
    match raw.to_value() {
        Ok(value) => to_python(py, &value),
        Err(_) => Ok(PyString::new(py, raw.as_str()).into_any()),
    }
}

/// Converts a Python object to JSON. Error messages begin with `name`, the name of the argument.
pub(crate) fn from_python(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Value> {
    value_from_python(name, object, MAX_DEPTH)
}

fn value_from_python(name: &str, object: &Bound<'_, PyAny>, remaining_depth: usize) -> PyResult<Value> {
    if remaining_depth == 0 {
        return Err(PyValueError::new_err(format!("{name}: nested more than {MAX_DEPTH} levels deep")));
    }
    if object.is_none() {
        return Ok(Value::Null);
    }
    if let Ok(value) = object.cast::<PyBool>() {
        return Ok(value.is_true().into());
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(string_from_python(name, text)?.into());
    }
    if object.is_instance_of::<PyInt>() {
        return match (object.extract::<i64>(), object.extract::<u64>()) {
            (Ok(number), _) => Ok(number.into()),
            (Err(_), Ok(number)) => Ok(number.into()),
            _ => Err(PyValueError::new_err(format!("{name}: {object} does not fit into 64 bits"))),
        };
    }
    if let Ok(number) = object.cast::<PyFloat>() {
        let number = Number::from_f64(number.value());
        return number
            .map(Value::Number)
            .ok_or_else(|| PyValueError::new_err(format!("{name}: {object} can't be written as JSON")));
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        let mut map = Map::new();
        for (key, value) in dict {
            let Ok(key) = key.cast::<PyString>() else {
                return Err(PyTypeError::new_err(format!("{name}: the key {} is not a str", key.repr()?)));
            };
            map.insert(string_from_python(name, key)?, value_from_python(name, &value, remaining_depth - 1)?);
        }
        return Ok(map.into());
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        let values: PyResult<Vec<_>> =
            object.try_iter()?.map(|value| value_from_python(name, &value?, remaining_depth - 1)).collect();
        return Ok(Value::Array(values?));
    }
    Err(PyTypeError::new_err(format!("{name}: a {} can't be written as JSON", object.get_type().name()?)))
}

fn string_from_python(name: &str, text: &Bound<'_, PyString>) -> PyResult<String> {
    let text = text.to_cow().map(std::borrow::Cow::into_owned);
    text.map_err(|_| PyValueError::new_err(format!("{name}: contains a lone surrogate, which can't be sent")))
}
