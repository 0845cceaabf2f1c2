// placeholder
namespace rtv { int synthetic_anchor = 0; }
