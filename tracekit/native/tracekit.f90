! tracekit.f90: named values of a Fortran program, out to where they compare.
!
!     use tracekit
!     do fast = 0, 63
!       do slow = 0, 63
!         call tk_pixel(slow, fast)
!         call tk_tap("omega", omega, "sr")
!
! A module of Fortran 2003 over tracekit.h, which says what each call does and
! which environment variables switch it on. Dims are named in Fortran's order,
! first index first; the trace has them slowest first, as C does. The calls
! themselves are in tracekit_fortran.c:
!
!     cc -c tracekit_fortran.c
!     gfortran tracekit.f90 program.f90 tracekit_fortran.o
!
! SPDX-License-Identifier: MIT
module tracekit
  use, intrinsic :: iso_c_binding
  implicit none
  private

  public :: tk_pixel, tk_pixel_end, tk_index, tk_index_end
  public :: tk_tap, tk_vector, tk_array, tk_config, tk_info
  public :: tk_input, tk_side, tk_output

  integer(c_int), parameter :: float_kind = 0, signed_kind = 1, bool_kind = 3
  integer, parameter :: longest = 63 ! of a unit and of labels

  interface tk_pixel
    module procedure pixel_32, pixel_64
  end interface

  interface tk_index
    module procedure index_32, index_64
  end interface

  interface tk_tap
    module procedure tap_r64, tap_r32, tap_i64, tap_i32, tap_l, tap_text
  end interface

  ! call tk_vector("q", q, "xyz", "1/m")
  interface tk_vector
    module procedure vector_r64, vector_r32, vector_i32
  end interface

  ! call tk_array("T", T, "fast slow", "K")   for T(fast, slow)
  interface tk_array
    module procedure array1_r64, array2_r64, array3_r64
    module procedure array1_r32, array2_r32, array3_r32
    module procedure array1_i32, array2_i32, array3_i32
  end interface

  interface tk_config
    module procedure config_r64, config_i32, config_text
  end interface

  interface tk_info
    module procedure info_r64, info_i32, info_text
  end interface

  interface
    integer(c_int) function c_on() bind(c, name="tk_fortran_on")
      import :: c_int
    end function

    integer(c_int) function c_live() bind(c, name="tk_fortran_live")
      import :: c_int
    end function

    subroutine c_index(dim, place) bind(c, name="tk_fortran_index")
      import :: c_char, c_long_long
      character(kind=c_char), intent(in) :: dim(*)
      integer(c_long_long), value :: place
    end subroutine

    subroutine c_index_end(dim) bind(c, name="tk_index_end")
      import :: c_char
      character(kind=c_char), intent(in) :: dim(*)
    end subroutine

    subroutine c_numbers(name, unit, level, components, kind, size, values, &
                         count) bind(c, name="tk_numbers")
      import :: c_char, c_int, c_size_t, c_ptr, c_long_long
      character(kind=c_char), intent(in) :: name(*)
      type(c_ptr), value :: unit, level, components
      integer(c_int), value :: kind
      integer(c_size_t), value :: size
      type(c_ptr), value :: values
      integer(c_long_long), value :: count
    end subroutine

    subroutine c_array(name, unit, dims, kind, size, values, rank, shape) &
        bind(c, name="tk_array")
      import :: c_char, c_int, c_size_t, c_ptr, c_long_long
      character(kind=c_char), intent(in) :: name(*), dims(*)
      type(c_ptr), value :: unit
      integer(c_int), value :: kind
      integer(c_size_t), value :: size
      type(c_ptr), value :: values
      integer(c_int), value :: rank
      integer(c_long_long), intent(in) :: shape(*)
    end subroutine

    subroutine c_text(name, unit, level, text) bind(c, name="tk_text")
      import :: c_char, c_ptr
      character(kind=c_char), intent(in) :: name(*), text(*)
      type(c_ptr), value :: unit, level
    end subroutine

    subroutine c_fact(key, unit, decisive, text) bind(c, name="tk_fact")
      import :: c_char, c_int, c_ptr
      character(kind=c_char), intent(in) :: key(*), text(*)
      type(c_ptr), value :: unit
      integer(c_int), value :: decisive
    end subroutine

    subroutine c_fact_number(key, unit, decisive, kind, size, value) &
        bind(c, name="tk_fact_number")
      import :: c_char, c_int, c_size_t, c_ptr
      character(kind=c_char), intent(in) :: key(*)
      type(c_ptr), value :: unit
      integer(c_int), value :: decisive, kind
      integer(c_size_t), value :: size
      type(c_ptr), value :: value
    end subroutine

    subroutine c_file(role, name) bind(c, name="tk_file")
      import :: c_char
      character(kind=c_char), intent(in) :: role(*), name(*)
    end subroutine
  end interface

contains

  ! Whether anything is traced at all.
  logical function on()
    on = c_on() /= 0
  end function

  ! Whether taps of this thread are, at the pixel where it is.
  logical function live()
    live = c_live() /= 0
  end function

  ! The text as C has it; nothing is lost but trailing blanks.
  function c_string(text) result(bytes)
    character(*), intent(in) :: text
    character(kind=c_char) :: bytes(len_trim(text) + 1)
    integer :: i
    do i = 1, len_trim(text)
      bytes(i) = text(i:i)
    end do
    bytes(len_trim(text) + 1) = c_null_char
  end function

  ! An optional text: NULL where it isn't given. `kept` holds its bytes.
  function optional_string(text, kept) result(address)
    character(*), intent(in), optional :: text
    character(kind=c_char), intent(out), target :: kept(longest + 1)
    type(c_ptr) :: address
    integer :: i, length
    address = c_null_ptr
    if (.not. present(text)) return
    length = min(len_trim(text), longest)
    do i = 1, length
      kept(i) = text(i:i)
    end do
    kept(length + 1) = c_null_char
    address = c_loc(kept)
  end function

  subroutine index_64(dim, place)
    character(*), intent(in) :: dim
    integer(c_int64_t), intent(in) :: place
    if (on()) call c_index(c_string(dim), int(place, c_long_long))
  end subroutine

  subroutine index_32(dim, place)
    character(*), intent(in) :: dim
    integer(c_int32_t), intent(in) :: place
    if (on()) call c_index(c_string(dim), int(place, c_long_long))
  end subroutine

  subroutine tk_index_end(dim)
    character(*), intent(in) :: dim
    if (on()) call c_index_end(c_string(dim))
  end subroutine

  subroutine pixel_64(slow, fast)
    integer(c_int64_t), intent(in) :: slow, fast
    call index_64("slow", slow)
    call index_64("fast", fast)
  end subroutine

  subroutine pixel_32(slow, fast)
    integer(c_int32_t), intent(in) :: slow, fast
    call index_32("slow", slow)
    call index_32("fast", fast)
  end subroutine

  subroutine tk_pixel_end()
    call tk_index_end("slow")
  end subroutine

  subroutine numbers(name, kind, bytes, values, count, unit, labels)
    character(*), intent(in) :: name
    integer(c_int), intent(in) :: kind
    integer, intent(in) :: bytes, count
    type(c_ptr), intent(in) :: values
    character(*), intent(in), optional :: unit, labels
    character(kind=c_char), target :: kept_unit(longest + 1)
    character(kind=c_char), target :: kept_labels(longest + 1)
    type(c_ptr) :: unit_at, labels_at
    unit_at = optional_string(unit, kept_unit)
    labels_at = optional_string(labels, kept_labels)
    call c_numbers(c_string(name), unit_at, c_null_ptr, labels_at, kind, &
                   int(bytes, c_size_t), values, int(count, c_long_long))
  end subroutine

  subroutine tap_r64(name, value, unit)
    character(*), intent(in) :: name
    real(c_double), intent(in), target :: value
    character(*), intent(in), optional :: unit
    if (live()) call numbers(name, float_kind, 8, c_loc(value), 1, unit)
  end subroutine

  subroutine tap_r32(name, value, unit)
    character(*), intent(in) :: name
    real(c_float), intent(in), target :: value
    character(*), intent(in), optional :: unit
    if (live()) call numbers(name, float_kind, 4, c_loc(value), 1, unit)
  end subroutine

  subroutine tap_i64(name, value, unit)
    character(*), intent(in) :: name
    integer(c_int64_t), intent(in), target :: value
    character(*), intent(in), optional :: unit
    if (live()) call numbers(name, signed_kind, 8, c_loc(value), 1, unit)
  end subroutine

  subroutine tap_i32(name, value, unit)
    character(*), intent(in) :: name
    integer(c_int32_t), intent(in), target :: value
    character(*), intent(in), optional :: unit
    if (live()) call numbers(name, signed_kind, 4, c_loc(value), 1, unit)
  end subroutine

  subroutine tap_l(name, value, unit)
    character(*), intent(in) :: name
    logical, intent(in) :: value
    character(*), intent(in), optional :: unit
    integer(c_int8_t), target :: bit
    bit = merge(1_c_int8_t, 0_c_int8_t, value)
    if (live()) call numbers(name, bool_kind, 1, c_loc(bit), 1, unit)
  end subroutine

  subroutine tap_text(name, value)
    character(*), intent(in) :: name, value
    if (live()) call c_text(c_string(name), c_null_ptr, c_null_ptr, &
                            c_string(value))
  end subroutine

  ! flat_ and box_ take the numbers in one piece: others are copied there.
  subroutine vector_r64(name, values, labels, unit)
    character(*), intent(in) :: name, labels
    real(c_double), intent(in) :: values(:)
    character(*), intent(in), optional :: unit
    if (live()) call flat_r64(name, values, size(values), labels, unit)
  end subroutine

  subroutine flat_r64(name, values, count, labels, unit)
    character(*), intent(in) :: name, labels
    integer, intent(in) :: count
    real(c_double), intent(in), target :: values(*)
    character(*), intent(in), optional :: unit
    call numbers(name, float_kind, 8, c_loc(values), count, unit, labels)
  end subroutine

  subroutine vector_r32(name, values, labels, unit)
    character(*), intent(in) :: name, labels
    real(c_float), intent(in) :: values(:)
    character(*), intent(in), optional :: unit
    if (live()) call flat_r32(name, values, size(values), labels, unit)
  end subroutine

  subroutine flat_r32(name, values, count, labels, unit)
    character(*), intent(in) :: name, labels
    integer, intent(in) :: count
    real(c_float), intent(in), target :: values(*)
    character(*), intent(in), optional :: unit
    call numbers(name, float_kind, 4, c_loc(values), count, unit, labels)
  end subroutine

  subroutine vector_i32(name, values, labels, unit)
    character(*), intent(in) :: name, labels
    integer(c_int32_t), intent(in) :: values(:)
    character(*), intent(in), optional :: unit
    if (live()) call flat_i32(name, values, size(values), labels, unit)
  end subroutine

  subroutine flat_i32(name, values, count, labels, unit)
    character(*), intent(in) :: name, labels
    integer, intent(in) :: count
    integer(c_int32_t), intent(in), target :: values(*)
    character(*), intent(in), optional :: unit
    call numbers(name, signed_kind, 4, c_loc(values), count, unit, labels)
  end subroutine

  ! Dims and extents the other way round: Fortran's first index is C's last.
  subroutine box(name, kind, bytes, values, dims, extents, unit)
    character(*), intent(in) :: name, dims
    integer(c_int), intent(in) :: kind
    integer, intent(in) :: bytes, extents(:)
    type(c_ptr), intent(in) :: values
    character(*), intent(in), optional :: unit
    character(kind=c_char), target :: kept_unit(longest + 1)
    integer(c_long_long) :: shape_of_c(size(extents))
    character(len(dims) + 1) :: left
    character(2 * len(dims) + 2) :: turned
    type(c_ptr) :: unit_at
    integer :: i, blank
    left = adjustl(dims)
    turned = ""
    do i = 1, size(extents)
      shape_of_c(i) = extents(size(extents) + 1 - i)
    end do
    do while (len_trim(left) > 0)
      blank = index(left, " ")
      turned = left(:blank) // trim(turned)
      left = adjustl(left(blank:))
    end do
    unit_at = optional_string(unit, kept_unit)
    call c_array(c_string(name), unit_at, c_string(turned), kind, &
                 int(bytes, c_size_t), values, &
                 int(size(extents), c_int), shape_of_c)
  end subroutine

  subroutine array1_r64(name, values, dims, unit)
    character(*), intent(in) :: name, dims
    real(c_double), intent(in) :: values(:)
    character(*), intent(in), optional :: unit
    if (live()) call box_r64(name, values, dims, shape(values), unit)
  end subroutine

  subroutine array2_r64(name, values, dims, unit)
    character(*), intent(in) :: name, dims
    real(c_double), intent(in) :: values(:, :)
    character(*), intent(in), optional :: unit
    if (live()) call box_r64(name, values, dims, shape(values), unit)
  end subroutine

  subroutine array3_r64(name, values, dims, unit)
    character(*), intent(in) :: name, dims
    real(c_double), intent(in) :: values(:, :, :)
    character(*), intent(in), optional :: unit
    if (live()) call box_r64(name, values, dims, shape(values), unit)
  end subroutine

  subroutine box_r64(name, values, dims, extents, unit)
    character(*), intent(in) :: name, dims
    real(c_double), intent(in), target :: values(*)
    integer, intent(in) :: extents(:)
    character(*), intent(in), optional :: unit
    call box(name, float_kind, 8, c_loc(values), dims, extents, unit)
  end subroutine

  subroutine array1_r32(name, values, dims, unit)
    character(*), intent(in) :: name, dims
    real(c_float), intent(in) :: values(:)
    character(*), intent(in), optional :: unit
    if (live()) call box_r32(name, values, dims, shape(values), unit)
  end subroutine

  subroutine array2_r32(name, values, dims, unit)
    character(*), intent(in) :: name, dims
    real(c_float), intent(in) :: values(:, :)
    character(*), intent(in), optional :: unit
    if (live()) call box_r32(name, values, dims, shape(values), unit)
  end subroutine

  subroutine array3_r32(name, values, dims, unit)
    character(*), intent(in) :: name, dims
    real(c_float), intent(in) :: values(:, :, :)
    character(*), intent(in), optional :: unit
    if (live()) call box_r32(name, values, dims, shape(values), unit)
  end subroutine

  subroutine box_r32(name, values, dims, extents, unit)
    character(*), intent(in) :: name, dims
    real(c_float), intent(in), target :: values(*)
    integer, intent(in) :: extents(:)
    character(*), intent(in), optional :: unit
    call box(name, float_kind, 4, c_loc(values), dims, extents, unit)
  end subroutine

  subroutine array1_i32(name, values, dims, unit)
    character(*), intent(in) :: name, dims
    integer(c_int32_t), intent(in) :: values(:)
    character(*), intent(in), optional :: unit
    if (live()) call box_i32(name, values, dims, shape(values), unit)
  end subroutine

  subroutine array2_i32(name, values, dims, unit)
    character(*), intent(in) :: name, dims
    integer(c_int32_t), intent(in) :: values(:, :)
    character(*), intent(in), optional :: unit
    if (live()) call box_i32(name, values, dims, shape(values), unit)
  end subroutine

  subroutine array3_i32(name, values, dims, unit)
    character(*), intent(in) :: name, dims
    integer(c_int32_t), intent(in) :: values(:, :, :)
    character(*), intent(in), optional :: unit
    if (live()) call box_i32(name, values, dims, shape(values), unit)
  end subroutine

  subroutine box_i32(name, values, dims, extents, unit)
    character(*), intent(in) :: name, dims
    integer(c_int32_t), intent(in), target :: values(*)
    integer, intent(in) :: extents(:)
    character(*), intent(in), optional :: unit
    call box(name, signed_kind, 4, c_loc(values), dims, extents, unit)
  end subroutine

  subroutine fact(key, kind, bytes, value, decisive, unit)
    character(*), intent(in) :: key
    integer(c_int), intent(in) :: kind, decisive
    integer, intent(in) :: bytes
    type(c_ptr), intent(in) :: value
    character(*), intent(in), optional :: unit
    character(kind=c_char), target :: kept(longest + 1)
    type(c_ptr) :: unit_at
    unit_at = optional_string(unit, kept)
    call c_fact_number(c_string(key), unit_at, decisive, kind, &
                       int(bytes, c_size_t), value)
  end subroutine

  subroutine config_r64(key, value, unit)
    character(*), intent(in) :: key
    real(c_double), intent(in), target :: value
    character(*), intent(in), optional :: unit
    if (on()) call fact(key, float_kind, 8, c_loc(value), 1_c_int, unit)
  end subroutine

  subroutine config_i32(key, value, unit)
    character(*), intent(in) :: key
    integer(c_int32_t), intent(in), target :: value
    character(*), intent(in), optional :: unit
    if (on()) call fact(key, signed_kind, 4, c_loc(value), 1_c_int, unit)
  end subroutine

  subroutine config_text(key, value)
    character(*), intent(in) :: key, value
    if (on()) call c_fact(c_string(key), c_null_ptr, 1_c_int, &
                             c_string(value))
  end subroutine

  subroutine info_r64(key, value, unit)
    character(*), intent(in) :: key
    real(c_double), intent(in), target :: value
    character(*), intent(in), optional :: unit
    if (on()) call fact(key, float_kind, 8, c_loc(value), 0_c_int, unit)
  end subroutine

  subroutine info_i32(key, value, unit)
    character(*), intent(in) :: key
    integer(c_int32_t), intent(in), target :: value
    character(*), intent(in), optional :: unit
    if (on()) call fact(key, signed_kind, 4, c_loc(value), 0_c_int, unit)
  end subroutine

  subroutine info_text(key, value)
    character(*), intent(in) :: key, value
    if (on()) call c_fact(c_string(key), c_null_ptr, 0_c_int, &
                             c_string(value))
  end subroutine

  subroutine tk_input(name)
    character(*), intent(in) :: name
    if (on()) call c_file(c_string("input"), c_string(name))
  end subroutine

  subroutine tk_side(name)
    character(*), intent(in) :: name
    if (on()) call c_file(c_string("side"), c_string(name))
  end subroutine

  subroutine tk_output(name)
    character(*), intent(in) :: name
    if (on()) call c_file(c_string("output"), c_string(name))
  end subroutine

end module
