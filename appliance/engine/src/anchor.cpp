// placeholder, replaced by the kernels
namespace rtv { int engine_anchor = 0; }
